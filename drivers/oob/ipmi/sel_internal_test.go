package ipmi

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
)

// selRecord is a system event record (IPMI 2.0, table 32-1).
func selRecord(at time.Time, sensorType, eventType, data1 byte) []byte {
	r := make([]byte, 16)
	binary.LittleEndian.PutUint16(r, 7)
	r[2] = 0x02
	binary.LittleEndian.PutUint32(r[3:], uint32(at.Unix()))
	r[7], r[9], r[10], r[11], r[12], r[13], r[14], r[15] = 0x20, 0x04, sensorType, 0x60, eventType, data1, 0xff, 0xff
	return r
}

func TestEventsOfTheLog(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		record []byte
		want   build.LogEntry
		none   bool
	}{
		{"a temperature above its critical threshold is critical", selRecord(noon, 0x01, 0x01, 0x09),
			build.LogEntry{ID: "7", At: noon, Severity: build.HealthCritical}, false},
		{"its end is the same event, cleared", selRecord(noon, 0x01, 0x81, 0x09),
			build.LogEntry{ID: "7", At: noon, Severity: build.HealthCritical, Cleared: true}, false},
		{"a clock that was never set gives no time", selRecord(time.Unix(90, 0), 0x01, 0x01, 0x09),
			build.LogEntry{ID: "7", Severity: build.HealthCritical}, false},
		{"information is left out", selRecord(noon, 0x0d, 0x6f, 0x00), build.LogEntry{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, err := types.ParseSEL(c.record)
			require.NoError(t, err)
			got, ok := entryOf(record)
			require.Equal(t, c.none, !ok, "%+v", got)
			if c.none {
				return
			}
			assert.NotEmpty(t, got.Text)
			got.Text = ""
			assert.Equal(t, c.want, got)
		})
	}
}

func TestThresholdsAreHealth(t *testing.T) {
	for status, want := range map[string]string{
		"ok": build.HealthOK, "unc": build.HealthWarning, "lcr": build.HealthCritical, "UNR": build.HealthCritical, "N/A": "",
	} {
		assert.Equal(t, want, sensorHealth(status), status)
	}
}
