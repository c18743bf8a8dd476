package ipmi

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/command/storage"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// maxLog is how many entries of the system event log are read: the newest. Every entry is a command of its own.
const maxLog = 50

// Record ids of Get SEL Entry that are no ids.
const (
	firstRecord = 0x0000
	lastRecord  = 0xffff
)

// log reads the newest entries of the system event log (Get SEL Info and Get SEL Entry) and keeps what is no mere
// information. Ids mostly follow each other, so it starts as many before the last; where there is no such record, only the
// last one is kept.
func (c *conn) log(ctx context.Context) ([]build.LogEntry, error) {
	var info storage.GetSELInfoResponse
	err := c.do(ctx, "read the event log", func(ctx context.Context) error {
		return c.client.Exchange(ctx, &storage.GetSELInfoRequest{}, &info)
	})
	if err != nil || info.Entries == 0 {
		return nil, err
	}
	at := uint16(firstRecord)
	if info.Entries > maxLog {
		_, last, err := c.entry(ctx, lastRecord)
		if err != nil {
			return nil, err
		}
		at = lastRecord
		if first := last.RecordID - maxLog + 1; last.RecordID >= maxLog {
			if _, _, err := c.entry(ctx, first); err == nil {
				at = first
			} else if !answered(err) {
				return nil, err
			}
		}
	}
	var out []build.LogEntry
	for range maxLog {
		next, record, err := c.entry(ctx, at)
		if err != nil {
			return nil, err
		}
		if e, ok := entryOf(record); ok {
			out = append(out, e)
		}
		if next == lastRecord || next == at {
			break
		}
		at = next
	}
	return out, nil
}

func (c *conn) entry(ctx context.Context, id uint16) (next uint16, record *types.SEL, err error) {
	var res storage.GetSELEntryResponse
	err = c.do(ctx, "read the event log", func(ctx context.Context) error {
		return c.client.Exchange(ctx, &storage.GetSELEntryRequest{RecordID: id, ReadBytes: 0xff}, &res)
	})
	if err != nil {
		return 0, nil, err
	}
	record, err = types.ParseSEL(res.Data)
	if err != nil {
		return 0, nil, bmc.Failf(drivers.Internal, "", "read the event log: record %d of BMC %s can't be read: %w", id, c.endpoint, err)
	}
	return res.NextRecordID, record, nil
}

// entryOf makes a record into an entry; ok is false for information and for records whose meaning only their maker knows.
func entryOf(r *types.SEL) (e build.LogEntry, ok bool) {
	s := r.Standard
	if s == nil {
		return e, false
	}
	e = build.LogEntry{ID: fmt.Sprint(r.RecordID), Cleared: bool(s.EventDir)}
	// A clock that was never set counts from the start of the BMC (IPMI 2.0, 37.1).
	if s.Timestamp.Unix() > 0x20000000 {
		e.At = s.Timestamp.UTC().Truncate(time.Second)
	}
	// The severity of an event is that of its condition: an end of it is recorded as such in Cleared.
	switch s.EventReadingType.EventSeverity(s.SensorType, s.EventData, false) {
	case types.EventSeverityCritical, types.EventSeverityNonFatal:
		e.Severity = build.HealthCritical
	case types.EventSeverityWarning, types.EventSeverityDegraded:
		e.Severity = build.HealthWarning
	default:
		return e, false
	}
	e.Text = strings.TrimSpace(fmt.Sprintf("%s %#02x: %s", s.SensorType, uint8(s.SensorNumber), s.EventString()))
	return e, true
}
