package redfish

import (
	"context"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/redfish"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// maxParts bounds how many resources of one kind are read of a machine: BMCs answer slowly, and one whose collection has no
// end must not hold the task.
const maxParts = 128

// each reads the members of a collection; a collection or a member that the service does not have is left out.
func each[T any](ctx context.Context, c *conn, collection string, visit func(context.Context, T) error) error {
	if collection == "" {
		return nil
	}
	uris, err := c.members(ctx, collection)
	if err != nil {
		return unlessMissing(err)
	}
	return eachOf(ctx, c, uris, visit)
}

func eachOf[T any](ctx context.Context, c *conn, uris []string, visit func(context.Context, T) error) error {
	for _, uri := range uris[:min(len(uris), maxParts)] {
		var part T
		if _, err := c.get(ctx, uri, &part); err != nil {
			if err := unlessMissing(err); err != nil {
				return err
			}
			continue
		}
		if err := visit(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// unlessMissing lets "there is no such resource" pass, as the rest of the machine is as good as before.
func unlessMissing(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

func uris(links []link) []string {
	var out []string
	for _, l := range links {
		if l.ID != "" {
			out = append(out, path(l.ID))
		}
	}
	return out
}

// health is that of a part: what it says of all below it, else of itself.
func (c condition) health() string {
	if c.HealthRollup != "" {
		return string(c.HealthRollup)
	}
	return string(c.Health)
}

func (c condition) absent() bool { return c.State == "Absent" }

// seesNoDrives reports whether it says nothing that a service shows no drives: many know them only from the firmware, and
// so show none while the machine is off or in POST.
func (s *system) seesNoDrives() bool {
	state := s.body.BootProgress.LastState
	return s.body.PowerState != redfish.OnPowerState || strings.HasSuffix(state, "Started") && state != "OSBootStarted"
}

// drives reads the drives of every storage controller; of SimpleStorage, which tells no serial numbers, where there are none.
// Counts are not believed, only the drives themselves.
func (s *system) drives(ctx context.Context) ([]build.Drive, error) {
	if s.body.Storage.ID == "" && s.body.SimpleStorage.ID == "" {
		return nil, bmc.Failf(drivers.NotFound, "", "find the drives: the system names no storage")
	}
	var out []build.Drive
	type driveResource struct {
		Name, SerialNumber, Model string
		CapacityBytes             int64
		FailurePredicted          bool
		Identifiers               []struct{ DurableName, DurableNameFormat string }
		Status                    condition
	}
	type storage struct{ Drives []link }
	err := each(ctx, s.conn, s.body.Storage.ID, func(ctx context.Context, controller storage) error {
		return eachOf(ctx, s.conn, uris(controller.Drives), func(_ context.Context, d driveResource) error {
			if d.Status.absent() {
				return nil
			}
			drive := build.Drive{Name: d.Name, Serial: strings.TrimSpace(d.SerialNumber), Model: strings.TrimSpace(d.Model),
				Size: d.CapacityBytes, Health: string(d.Status.Health), PredictedFailure: d.FailurePredicted}
			for _, id := range d.Identifiers {
				if id.DurableNameFormat == "NAA" || id.DurableNameFormat == "EUI" {
					drive.WWN = wwn(id.DurableName)
				}
			}
			out = append(out, drive)
			return nil
		})
	})
	if err != nil || len(out) > 0 {
		return out, err
	}
	type simple struct {
		Devices []struct {
			Name, Model   string
			CapacityBytes int64
			Status        condition
		}
	}
	err = each(ctx, s.conn, s.body.SimpleStorage.ID, func(_ context.Context, c simple) error {
		for _, d := range c.Devices {
			if !d.Status.absent() {
				out = append(out, build.Drive{Name: d.Name, Model: strings.TrimSpace(d.Model), Size: d.CapacityBytes, Health: string(d.Status.Health)})
			}
		}
		return nil
	})
	return out, err
}

func wwn(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "0x"), ":", "")
}

// pci reads the PCIe devices, which the system links to one by one or as a collection of its chassis.
func (s *system) pci(ctx context.Context) ([]build.PCIDevice, error) {
	var out []build.PCIDevice
	type device struct {
		Name, Manufacturer, Model string
		Status                    condition
	}
	add := func(_ context.Context, d device) error {
		if !d.Status.absent() {
			out = append(out, build.PCIDevice{Name: d.Name, Manufacturer: strings.TrimSpace(d.Manufacturer), Model: strings.TrimSpace(d.Model)})
		}
		return nil
	}
	if len(s.body.PCIeDevices) > 0 {
		err := eachOf(ctx, s.conn, uris(s.body.PCIeDevices), add)
		return out, err
	}
	type chassis struct{ PCIeDevices link }
	err := eachOf(ctx, s.conn, uris(s.body.Links.Chassis), func(ctx context.Context, c chassis) error {
		return each(ctx, s.conn, c.PCIeDevices.ID, add)
	})
	return out, err
}

// sensors reads temperatures, fans and voltages of the chassis: from Thermal and Power, which nearly all have, else from
// the Sensors collection that replaces them.
func (s *system) sensors(ctx context.Context) ([]build.Sensor, error) {
	var out []build.Sensor
	type measured struct {
		Name                 string
		ReadingCelsius       *float64
		Reading              *float64
		ReadingUnits         string
		ReadingVolts         *float64
		LastPowerOutputWatts *float64
		Status               condition
	}
	add := func(unit string, value *float64, m measured) {
		if m.Status.absent() || m.Name == "" {
			return
		}
		sensor := build.Sensor{Name: m.Name, Health: string(m.Status.Health)}
		if value != nil {
			sensor.Value, sensor.Unit = *value, unit
		}
		out = append(out, sensor)
	}
	type thermal struct{ Temperatures, Fans []measured }
	type power struct{ Voltages, PowerSupplies []measured }
	type chassis struct{ Thermal, Power, Sensors link }
	err := eachOf(ctx, s.conn, uris(s.body.Links.Chassis), func(ctx context.Context, c chassis) error {
		if c.Thermal.ID == "" && c.Power.ID == "" {
			return each(ctx, s.conn, c.Sensors.ID, func(_ context.Context, m measured) error {
				add(m.ReadingUnits, m.Reading, m)
				return nil
			})
		}
		err := eachOf(ctx, s.conn, uris([]link{c.Thermal}), func(_ context.Context, t thermal) error {
			for _, m := range t.Temperatures {
				add("Cel", m.ReadingCelsius, m)
			}
			for _, m := range t.Fans {
				add(m.ReadingUnits, m.Reading, m)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return eachOf(ctx, s.conn, uris([]link{c.Power}), func(_ context.Context, p power) error {
			for _, m := range p.Voltages {
				add("V", m.ReadingVolts, m)
			}
			for _, m := range p.PowerSupplies {
				add("W", m.LastPowerOutputWatts, m)
			}
			return nil
		})
	})
	return out, err
}

// keepsLog are the names of log services that hold events of the hardware, in the order in which they are preferred.
var keepsLog = []string{"sel", "iml", "eventlog", "event", "log"}

// log reads the entries of the system event log that are no mere information, the newest last. The log belongs to the
// system or to its manager, depending on the maker.
func (s *system) log(ctx context.Context) ([]build.LogEntry, error) {
	place, err := s.logService(ctx)
	if err != nil || place == "" {
		return nil, err
	}
	var service struct{ Entries link }
	if _, err := s.get(ctx, place, &service); err != nil {
		return nil, unlessMissing(err)
	}
	if service.Entries.ID == "" {
		return nil, nil
	}
	const pages = 8
	var all []logEntry
	next := service.Entries.ID
	for range pages {
		var page struct {
			Members []logEntry
			Next    string `json:"Members@odata.nextLink"`
		}
		if _, err := s.get(ctx, next, &page); err != nil {
			return nil, unlessMissing(err)
		}
		all = append(all, page.Members...)
		if next = page.Next; next == "" {
			break
		}
	}
	return entries(all), nil
}

// logService finds the log service; "" when there is none.
func (s *system) logService(ctx context.Context) (string, error) {
	places := []string{s.body.LogServices.ID}
	type manager struct{ LogServices link }
	if s.body.LogServices.ID == "" {
		err := eachOf(ctx, s.conn, uris(s.body.Links.ManagedBy), func(_ context.Context, m manager) error {
			places = append(places, m.LogServices.ID)
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	for _, place := range places {
		if place == "" {
			continue
		}
		found, err := s.members(ctx, place)
		if err := unlessMissing(err); err != nil {
			return "", err
		}
		for _, word := range keepsLog {
			if i := slices.IndexFunc(found, func(uri string) bool { return strings.Contains(strings.ToLower(id(uri)), word) }); i >= 0 {
				return found[i], nil
			}
		}
	}
	return "", nil
}
