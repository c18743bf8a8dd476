package progress

import (
	"io"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"drydock/starter"
)

// live redraws the tree in place.
type live struct {
	program *tea.Program
	ended   chan struct{}
}

func newLive(w io.Writer, o Options) *live {
	l := &live{ended: make(chan struct{})}
	// No input and no signal handler: Ctrl-C stays a signal, which the command that shows the progress deals with.
	l.program = tea.NewProgram(newModel(w, o), tea.WithOutput(w), tea.WithInput(nil), tea.WithoutSignalHandler())
	go func() {
		defer close(l.ended)
		_, _ = l.program.Run() // a terminal that can't be drawn on is no reason to fail a task
	}()
	return l
}

func (l *live) Show(s starter.Snapshot) { l.program.Send(s) }

func (l *live) Close() {
	l.program.Quit()
	<-l.ended
}

// model is the state of the live tree, as bubbletea wants it.
type model struct {
	snapshot      starter.Snapshot
	seen          bool
	width, height int
	now           func() time.Time
	styles        map[tone]lipgloss.Style
}

type tick struct{}

func newModel(w io.Writer, o Options) model {
	r := lipgloss.NewRenderer(w)
	styles := map[tone]lipgloss.Style{}
	for _, t := range []tone{plain, strong, faint, bad, alarm} {
		styles[t] = r.NewStyle()
	}
	if o.Color {
		styles[strong] = r.NewStyle().Bold(true)
		styles[faint] = r.NewStyle().Faint(true)
		styles[bad] = r.NewStyle().Foreground(lipgloss.Color("1"))
		styles[alarm] = r.NewStyle().Foreground(lipgloss.Color("3"))
	}
	return model{width: 80, height: 24, now: o.Now, styles: styles}
}

func (m model) Init() tea.Cmd { return nextTick() }

// The clock goes on between snapshots.
func nextTick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tick{} })
}

func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch x := message.(type) {
	case starter.Snapshot:
		m.snapshot, m.seen = x, true
	case tea.WindowSizeMsg:
		m.width, m.height = x.Width, x.Height
	case tick:
		return m, nextTick()
	}
	return m, nil
}

// View keeps one row free: the last row of a terminal scrolls.
func (m model) View() string {
	if !m.seen || m.width < 1 {
		return ""
	}
	var b strings.Builder
	for _, r := range tree(m.snapshot, m.now(), max(1, m.height-1)) {
		b.WriteString(m.styles[r.tone].MaxWidth(m.width).Render(r.text))
		b.WriteByte('\n')
	}
	return b.String()
}
