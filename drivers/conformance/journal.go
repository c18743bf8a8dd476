package conformance

import (
	"context"
	"sync"

	"drydock/drivers"
)

// Journal is a drivers.Journal in memory, for tests. It is safe for concurrent use.
type Journal struct {
	mu     sync.Mutex
	notes  map[string]string
	onNote func(key, text string) error
}

var _ drivers.Journal = (*Journal)(nil)

// NewJournal makes an empty journal.
func NewJournal() *Journal { return &Journal{notes: map[string]string{}} }

// Noted returns what was noted under the key.
func (j *Journal) Noted(ctx context.Context, key string) (string, bool, error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	text, ok := j.notes[key]
	return text, ok, nil
}

// Note keeps a text under the key.
func (j *Journal) Note(ctx context.Context, key, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.onNote != nil {
		if err := j.onNote(key, text); err != nil {
			return err
		}
	}
	j.notes[key] = text
	return nil
}

// OnNote runs f before each note is kept; its error is that of Note, and nothing is kept then. Tests use it to lose power
// between a note and what follows.
func (j *Journal) OnNote(f func(key, text string) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.onNote = f
}

// Fork copies the journal as it is now, as a process that is killed at this moment leaves it.
func (j *Journal) Fork() *Journal {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := NewJournal()
	for k, v := range j.notes {
		out.notes[k] = v
	}
	return out
}
