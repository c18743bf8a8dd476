package redfish

import (
	"context"
	"slices"
	"strings"

	"drydock/design"
	"drydock/design/build"
	"drydock/design/hardware"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// bootMAC is the MAC of the NIC that the node boots from the network: the boot_mac of the design; else that of the one NIC
// that the design puts on the network where the node gets its address by DHCP, as the operating system once told it. It is
// "" when neither is known. The profile's pxe_interface is a position in a list of which nobody says the order, so nothing
// is chosen by it.
func bootMAC(call drivers.NodeCall) string {
	if mac := bmc.MAC(call.Node.BootMAC); mac != "" {
		return mac
	}
	var found []string
	for _, iface := range call.Node.Interfaces {
		if !slices.ContainsFunc(call.Node.Addresses, func(a design.Address) bool { return a.DHCP && slices.Contains(iface.Networks, a.Network) }) {
			continue
		}
		for _, slave := range iface.Slaves {
			for _, n := range call.Build.NICs {
				if mac := bmc.MAC(n.MAC); mac != "" && isDevice(call.Node.HardwareProfile, slave, n) && !slices.Contains(found, mac) {
					found = append(found, mac)
				}
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// isDevice reports whether a NIC is the one that the design calls so: by an alias for its bus address, or by its name.
func isDevice(profile *design.HardwareProfile, name string, n build.NIC) bool {
	alias, ok := profile.Alias(name)
	if !ok {
		return n.Name != "" && n.Name == name
	}
	at, err := hardware.At(alias)
	return err == nil && at("network", "pci@"+n.PCI)
}

// deviceFunction is what is used of the NetworkDeviceFunction resource.
type deviceFunction struct {
	URI      string `json:"@odata.id"`
	ID       string `json:"Id"`
	BootMode *string
	Modes    []string `json:"BootMode@Redfish.AllowableValues"`
	Ethernet struct{ MACAddress, PermanentMACAddress string }
	Settings settings `json:"@Redfish.Settings"`
}

// mac is the one that was burnt in, where it is told: the other may be a virtual one.
func (f deviceFunction) mac() string {
	if mac := bmc.MAC(f.Ethernet.PermanentMACAddress); mac != "" {
		return mac
	}
	return bmc.MAC(f.Ethernet.MACAddress)
}

// functions reads the network device functions of the system's chassis.
func (s *system) functions(ctx context.Context) ([]deviceFunction, error) {
	var out []deviceFunction
	type chassis struct{ NetworkAdapters link }
	type adapter struct{ NetworkDeviceFunctions link }
	err := eachOf(ctx, s.conn, uris(s.body.Links.Chassis), func(ctx context.Context, c chassis) error {
		return each(ctx, s.conn, c.NetworkAdapters.ID, func(ctx context.Context, a adapter) error {
			return each(ctx, s.conn, a.NetworkDeviceFunctions.ID, func(_ context.Context, f deviceFunction) error {
				out = append(out, f)
				return nil
			})
		})
	})
	return out, err
}

// function finds the function of a MAC; nil where the service shows none.
func (s *system) function(ctx context.Context, mac string) (*deviceFunction, error) {
	all, err := s.functions(ctx)
	i := slices.IndexFunc(all, func(f deviceFunction) bool { return f.mac() == mac || bmc.MAC(f.Ethernet.MACAddress) == mac })
	if err != nil || i < 0 {
		return nil, err
	}
	return &all[i], nil
}

// bootMode of a function that boots from the network by PXE (DSP0268 NetworkDeviceFunction).
const bootModePXE = "PXE"

// enablePXE sets BootMode of a function to PXE; done is false where it has no such property.
func (s *system) enablePXE(ctx context.Context, f *deviceFunction) (note string, changed, done bool, err error) {
	if f == nil || f.BootMode == nil || f.URI == "" {
		return "", false, false, nil
	}
	if *f.BootMode == bootModePXE {
		return "The network device function " + f.ID + " boots by PXE.", false, true, nil
	}
	shown := func() (string, error) {
		var now deviceFunction
		place := f.URI
		if f.Settings.Object.ID != "" {
			place = f.Settings.Object.ID
		}
		_, err := s.get(ctx, place, &now)
		return text(now.BootMode), unlessMissing(err)
	}
	pending, err := shown()
	if err != nil {
		return "", false, false, err
	}
	if pending != bootModePXE {
		doing := "set the network device function " + f.ID + " to boot by PXE"
		if len(f.Modes) > 0 && !slices.Contains(f.Modes, bootModePXE) {
			return "", false, false, bmc.Failf(drivers.NotSupported, "", "%s: it can be %s only", doing, strings.Join(f.Modes, ", "))
		}
		if err := s.change(ctx, doing, f.URI, f.Settings, map[string]any{"BootMode": bootModePXE}); err != nil {
			return "", false, false, err
		}
		if pending, err = shown(); err != nil {
			return "", false, false, err
		}
		if pending != bootModePXE {
			return "", false, false, bmc.Failf(drivers.Internal, "", "%s: BMC %s took the request and reads back %s", doing, s.endpoint, pending)
		}
		changed = true
	}
	return "The network device function " + f.ID + " boots by PXE from the next reset on.", changed, true, nil
}
