package maas

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// level of an event, with the numbers of Python's logging; AUDIT lies below all.
type level int

const (
	levelAudit    level = 0
	levelDebug    level = 10
	levelInfo     level = 20
	levelWarning  level = 30
	levelError    level = 40
	levelCritical level = 50
)

var levelNames = map[string]level{"AUDIT": levelAudit, "DEBUG": levelDebug, "INFO": levelInfo, "WARNING": levelWarning,
	"ERROR": levelError, "CRITICAL": levelCritical}

func (l level) String() string {
	for name, x := range levelNames {
		if x == l {
			return name
		}
	}
	return "INFO"
}

type event struct {
	id          int
	machine     *machine
	level       level
	title       string
	description string
	created     time.Time
	user        *user
}

// maxEvents bounds what is kept; a region prunes too.
const maxEvents = 50000

func (s *Server) event(m *machine, l level, title, description string, u *user) {
	s.events = append(s.events, event{s.id("event"), m, l, title, description, time.Now(), u})
	if len(s.events) > maxEvents {
		s.events = append([]event(nil), s.events[maxEvents/10:]...)
	}
}

func (e *event) body() obj {
	name := "unknown"
	if e.user != nil {
		name = e.user.name
	}
	return obj{"username": name, "node": e.machine.systemID, "hostname": e.machine.hostname, "id": e.id, "level": e.level.String(),
		"created": e.created.UTC().Format("Mon, 02 Jan. 2006 15:04:05"), "type": e.title, "description": e.description}
}

func (s *Server) routeEvents(t *router) { t.on("events/", "GET", "query", users, s.queryEvents) }

// queryEvents is op=query: newest first. With after it gives the oldest ones behind that id, still newest first.
func (s *Server) queryEvents(c *call) (any, error) {
	limit := 100
	if x := c.get("limit"); x != "" {
		n, err := strconv.Atoi(x)
		if err != nil {
			return nil, badField("limit", wholeNumber)
		}
		if n > 1000 {
			return nil, refuse(400, "Requested number of events %d is greater than limit: 1000", n)
		}
		limit = max(n, 0)
	}
	least := levelInfo
	if x := c.get("level"); x != "" {
		l, ok := levelNames[x]
		if !ok {
			return nil, refuse(400, "Unrecognised log level: %s", x)
		}
		least = l
	}
	if c.get("before") != "" && c.get("after") != "" {
		return nil, refuse(400, "There is undetermined behaviour when both `after` and `before` are specified.")
	}
	before, _ := strconv.Atoi(c.get("before"))
	after, _ := strconv.Atoi(c.get("after"))
	var page []*event
	take := func(i int) bool {
		e := &s.events[i]
		if e.level >= least && (before == 0 || e.id < before) && (after == 0 || e.id > after) && eventMatches(c, e) {
			page = append(page, e)
		}
		return len(page) < limit
	}
	if after > 0 {
		for i := 0; i < len(s.events) && take(i); i++ {
		}
		for i, j := 0, len(page)-1; i < j; i, j = i+1, j-1 {
			page[i], page[j] = page[j], page[i]
		}
	} else {
		for i := len(s.events) - 1; i >= 0 && take(i); i-- {
		}
	}
	return s.eventPage(c, page, before, after), nil
}

func eventMatches(c *call, e *event) bool {
	is := func(name, value string) bool { return len(c.list(name)) == 0 || contains(c.list(name), value) }
	if !is("hostname", e.machine.hostname) || !is("id", e.machine.systemID) || !is("zone", e.machine.zone.name) {
		return false
	}
	if macs := c.list("mac_address"); len(macs) > 0 {
		found := false
		for _, i := range e.machine.interfaces {
			found = found || contains(macs, i.mac)
		}
		if !found {
			return false
		}
	}
	if a := c.list("agent_name"); len(a) > 0 && !contains(a, e.machine.agent()) {
		return false
	}
	return len(c.list("owner")) == 0 || e.user != nil && contains(c.list("owner"), e.user.name)
}

// eventPage shows the page with the addresses of its neighbours, which repeat the question in its order.
func (s *Server) eventPage(c *call, page []*event, before, after int) obj {
	var parts []string
	for _, pair := range strings.Split(c.request.URL.RawQuery, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if k == "before" || k == "after" || k == "" || strings.HasPrefix(k, "oauth_") {
			continue
		}
		if plain, err := url.QueryUnescape(v); err == nil {
			v = url.QueryEscape(plain)
		}
		parts = append(parts, k+"="+v)
	}
	base := apiRoot + "events/?" + strings.Join(parts, "&")
	b := obj{"count": len(page), "events": listOf(page, (*event).body), "next_uri": base, "prev_uri": nil}
	switch {
	case len(page) > 0:
		b["next_uri"] = text("%s&after=%d", base, page[0].id)
		b["prev_uri"] = text("%s&before=%d", base, page[len(page)-1].id)
	case before > 0:
		b["next_uri"] = text("%s&after=%d", base, before-1)
	case after > 0:
		b["next_uri"] = text("%s&after=%d", base, after)
		b["prev_uri"] = text("%s&before=%d", base, after+1)
	}
	return b
}
