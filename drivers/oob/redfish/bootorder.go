package redfish

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// bootOption is what is used of the BootOption resource.
type bootOption struct {
	Reference string `json:"BootOptionReference"`
	Path      string `json:"UefiDevicePath"`
}

// macNode is the node of a UEFI device path that names a NIC (UEFI specification, 10.3.4.11): the address is padded with zeros
// to 32 bytes by some.
var macNode = regexp.MustCompile(`(?i)\bMAC\(([0-9a-f]{12})`)

// mac is that of the NIC which the option boots from; "" when it boots from something else.
func (o bootOption) mac() string {
	m := macNode.FindStringSubmatch(o.Path)
	if m == nil {
		return ""
	}
	return bmc.MAC(m[1])
}

// orderFirst moves the options of a NIC ahead of those of other NICs, so that an override to Pxe, which names no NIC, takes
// it. The places of everything else, such as the disks, stay. It returns nil where the order has no option of the NIC.
func orderFirst(order []string, options []bootOption, mac string) []string {
	macs := map[string]string{}
	for _, o := range options {
		macs[o.Reference] = o.mac()
	}
	var places []int
	var own, others []string
	for i, reference := range order {
		switch macs[reference] {
		case "":
			continue
		case mac:
			own = append(own, reference)
		default:
			others = append(others, reference)
		}
		places = append(places, i)
	}
	if len(own) == 0 {
		return nil
	}
	out := slices.Clone(order)
	for i, reference := range append(own, others...) {
		out[places[i]] = reference
	}
	return out
}

// preferNIC makes the NIC the first in Boot.BootOrder that boots from the network; done is false where the service has no
// boot order with an option of the NIC: it then either has no options for NICs, or PXE is off for this one.
func (s *system) preferNIC(ctx context.Context, mac string) (note string, changed, done bool, err error) {
	order, options, err := s.bootOrder(ctx)
	if err != nil || len(order) == 0 {
		return "", false, false, err
	}
	const first = "Of the NICs in the boot order, %s is the first."
	sentence := strings.Replace(first, "%s", mac, 1)
	want := orderFirst(order, options, mac)
	if want == nil {
		return "", false, false, nil
	}
	if slices.Equal(want, order) {
		return sentence, false, true, nil
	}
	doing := "put NIC " + mac + " ahead of the others in the boot order"
	if err := s.change(ctx, doing, s.uri, s.body.Settings, map[string]any{"Boot": map[string]any{"BootOrder": want}}); err != nil {
		return "", false, false, err
	}
	if err := s.read(ctx); err != nil {
		return "", false, false, err
	}
	if order, _, err = s.bootOrder(ctx); err != nil {
		return "", false, false, err
	}
	if !slices.Equal(want, order) {
		return "", false, false, bmc.Failf(drivers.Internal, "", "%s: BMC %s took the order %s and reads back %s", doing, s.endpoint,
			strings.Join(want, ", "), strings.Join(order, ", "))
	}
	return sentence, true, true, nil
}

// bootOrder is the order that will be in force, with the options in it; nil where the service keeps it elsewhere.
func (s *system) bootOrder(ctx context.Context) ([]string, []bootOption, error) {
	if s.body.Boot == nil || s.body.Boot.Options.ID == "" || s.body.Boot.OrderSelected == "AliasBootOrder" {
		return nil, nil, nil
	}
	order := s.body.Boot.Order
	p, err := s.settingsPlace(ctx)
	if err != nil && !isNotFound(err) {
		return nil, nil, err
	}
	if p != nil && p.boot != nil && len(p.boot.Order) > 0 {
		order = p.boot.Order
	}
	var options []bootOption
	err = each(ctx, s.conn, s.body.Boot.Options.ID, func(_ context.Context, o bootOption) error {
		options = append(options, o)
		return nil
	})
	return order, options, err
}
