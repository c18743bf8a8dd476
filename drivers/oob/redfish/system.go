package redfish

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/common"
	"github.com/stmcginnis/gofish/redfish"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// SystemParameter is the key of a node's oob section that names its system where a BMC serves several: the Id of the
// ComputerSystem, or its URI.
const SystemParameter = "system_id"

// system is the ComputerSystem of a node within a session.
type system struct {
	*conn
	uri  string
	etag string
	body computerSystem // as read last
	kind []redfish.ResetType
	told bool // kind was read
}

// computerSystem is what is used of the ComputerSystem resource.
type computerSystem struct {
	ID            string `json:"Id"`
	SystemType    string
	UUID          string
	SerialNumber  string
	Manufacturer  string
	Model         string
	BiosVersion   string
	PowerState    redfish.PowerState
	LastResetTime string
	Boot          *bootSettings
	Status        condition

	ProcessorSummary struct {
		Count int
		Model string
	}
	BootProgress       struct{ LastState string }
	Storage            link
	SimpleStorage      link
	LogServices        link
	PCIeDevices        []link
	MemorySummary      struct{ TotalSystemMemoryGiB float64 }
	EthernetInterfaces link
	Links              struct{ ManagedBy, Chassis []link }
	Actions            struct {
		Reset struct {
			Target     string              `json:"target"`
			Allowable  []redfish.ResetType `json:"ResetType@Redfish.AllowableValues"`
			ActionInfo string              `json:"@Redfish.ActionInfo"`
		} `json:"#ComputerSystem.Reset"`
	}
	Bios     link
	Settings settings `json:"@Redfish.Settings"`
}

// condition is the Status object.
type condition struct {
	State        string
	Health       common.Health
	HealthRollup common.Health
	Conditions   []struct{ Message, MessageId, Severity string }
}

// bootSettings is the Boot object. Pointers tell a property that the service does not have from an empty one.
type bootSettings struct {
	Target  *string `json:"BootSourceOverrideTarget"`
	Enabled *string `json:"BootSourceOverrideEnabled"`
	Mode    *string `json:"BootSourceOverrideMode"`

	Targets  []string `json:"BootSourceOverrideTarget@Redfish.AllowableValues"`
	Enableds []string `json:"BootSourceOverrideEnabled@Redfish.AllowableValues"`
	Modes    []string `json:"BootSourceOverrideMode@Redfish.AllowableValues"`

	Options       link     `json:"BootOptions"`
	Order         []string `json:"BootOrder"`
	OrderSelected string   `json:"BootOrderPropertySelection"`
}

// read reads the system anew.
func (s *system) read(ctx context.Context) error {
	var body computerSystem
	a, err := s.get(ctx, s.uri, &body)
	if err != nil {
		return err
	}
	s.body, s.etag = body, a.etag()
	return nil
}

// identity is what the service says that the machine is.
func (s *system) identity() build.Identity {
	return build.Identity{
		Serial: bmc.Serial(s.body.SerialNumber), UUID: build.UUID(s.body.UUID),
		Manufacturer: s.body.Manufacturer, Model: s.body.Model, BMCAddress: s.endpoint.Address,
	}
}

// findSystem finds the ComputerSystem of the call's node: the one that the design names; else the only one; else the one
// whose serial number or UUID is on record; else the only one that is a machine by its SystemType. Anything else is a Conflict: members of a collection come in any order, so a
// position says nothing.
func findSystem(ctx context.Context, c *conn, call drivers.NodeCall) (*system, error) {
	uris, err := c.members(ctx, c.root.Systems.ID)
	if err != nil {
		return nil, err
	}
	if len(uris) == 0 {
		return nil, bmc.Failf(drivers.NotReady, "", "find the system: BMC %s lists none; it may still be starting", c.endpoint)
	}
	if wanted := call.Node.OOB.Parameters[SystemParameter]; wanted != "" {
		return systemNamed(ctx, c, uris, wanted)
	}
	if len(uris) == 1 {
		s := &system{conn: c, uri: uris[0]}
		return s, s.read(ctx)
	}
	return systemOnRecord(ctx, c, uris, call.Build.Identity)
}

// isMachine reports whether the system is one of hardware. Services list also what runs on it (a hypervisor, partitions), and
// the processors of smart NICs.
func (s *system) isMachine() bool {
	switch redfish.SystemType(s.body.SystemType) {
	case redfish.VirtualSystemType, redfish.OSSystemType, redfish.PhysicallyPartitionedSystemType, redfish.VirtuallyPartitionedSystemType,
		"DPU":
		return false
	}
	return true
}

func systemNamed(ctx context.Context, c *conn, uris []string, wanted string) (*system, error) {
	for _, uri := range uris {
		if id(uri) == wanted || strings.TrimSuffix(uri, "/") == strings.TrimSuffix(path(wanted), "/") {
			s := &system{conn: c, uri: uri}
			return s, s.read(ctx)
		}
	}
	return nil, bmc.Failf(drivers.Conflict, "correct "+SystemParameter+" in the node's oob section",
		"find the system: BMC %s has no system %q, only %s", c.endpoint, wanted, ids(uris))
}

func systemOnRecord(ctx context.Context, c *conn, uris []string, known build.Identity) (*system, error) {
	var found, machines []*system
	for _, uri := range uris {
		s := &system{conn: c, uri: uri}
		if err := s.read(ctx); err != nil {
			return nil, err
		}
		if s.isMachine() {
			machines = append(machines, s)
		}
		seen := s.identity()
		serial := known.Serial != "" && strings.EqualFold(bmc.Serial(known.Serial), seen.Serial)
		if (serial || bmc.SameUUID(known.UUID, seen.UUID)) && bmc.SameMachine(known, seen) == nil {
			found = append(found, s)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if known.Serial == "" && known.UUID == "" && len(machines) == 1 {
		return machines[0], nil
	}
	why := "none of them has the serial number or UUID on record"
	if len(found) > 1 {
		why = "more than one has the serial number or UUID on record"
	} else if known.Serial == "" && known.UUID == "" {
		why = "neither serial number nor UUID of the node is on record"
	}
	return nil, bmc.Failf(drivers.Conflict, "name the system by "+SystemParameter+" in the node's oob section",
		"find the system: BMC %s serves %s, and %s", c.endpoint, ids(uris), why)
}

// members lists a collection, over all of its pages.
func (c *conn) members(ctx context.Context, collection string) ([]string, error) {
	const pages = 32 // a collection that links to itself must not hold us
	var all []string
	for range pages {
		var in struct {
			Members []link
			Next    string `json:"Members@odata.nextLink"`
		}
		if _, err := c.get(ctx, collection, &in); err != nil {
			return nil, err
		}
		for _, m := range in.Members {
			if uri := path(m.ID); m.ID != "" && !slices.Contains(all, uri) {
				all = append(all, uri)
			}
		}
		if in.Next == "" {
			break
		}
		collection = in.Next
	}
	return all, nil
}

func id(uri string) string {
	uri = strings.TrimSuffix(uri, "/")
	return uri[strings.LastIndex(uri, "/")+1:]
}

func ids(uris []string) string {
	var out []string
	for _, u := range uris {
		out = append(out, id(u))
	}
	return strings.Join(out, ", ")
}

// isNotFound reports whether the service has no such resource.
func isNotFound(err error) bool {
	var f *bmc.Fault
	return errors.As(err, &f) && f.Class == drivers.NotFound
}
