package ipmi

import (
	"context"
	"strings"
	"time"

	"drydock/design/build"
)

// Bounds of reading sensors: each takes several commands, and a repository of a BMC may be damaged so that it never ends.
const (
	maxSensors  = 64
	sensorsTime = 10 * time.Second
)

// sensors reads the full and compact sensor records and what they measure. What was read within the bounds is kept.
func (c *conn) sensors(ctx context.Context) ([]build.Sensor, error) {
	limited, cancel := context.WithTimeout(ctx, sensorsTime)
	defer cancel()
	var out []build.Sensor
	if err := c.pace.Wait(ctx, c.gap); err != nil {
		return nil, err
	}
	defer c.pace.Done()
	for r := range c.client.GetSensorsStream(limited) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if limited.Err() != nil {
			break
		}
		if r.Err != nil {
			return out, c.fault("read the sensors", r.Err)
		}
		s := r.Ok
		if s.IsReadingValid() && s.IsThreshold() {
			sensor := build.Sensor{Name: strings.TrimSpace(s.Name), Health: sensorHealth(s.Status())}
			if s.HasAnalogReading {
				sensor.Value, sensor.Unit = s.Value, s.SensorUnit.String()
			}
			out = append(out, sensor)
		}
		if len(out) == maxSensors {
			break
		}
		c.pace.Done()
		if err := c.pace.Wait(ctx, c.gap); err != nil {
			return nil, err
		}
	}
	return out, ctx.Err()
}

// sensorHealth reads the threshold status: non-critical, critical and non-recoverable of either side.
func sensorHealth(status string) string {
	switch strings.ToLower(status) {
	case "ok":
		return build.HealthOK
	case "lnc", "unc":
		return build.HealthWarning
	case "lcr", "ucr", "lnr", "unr", "cr", "nr":
		return build.HealthCritical
	}
	return ""
}
