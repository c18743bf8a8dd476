package redfish

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drydock/simulator/world"
)

// diskOption is the boot option of the operating system.
const diskOption = "Boot0000"

func (s *Service) optionsPath() string { return s.SystemPath() + "/BootOptions" }

// nicOption is the boot option of a NIC.
func (s *Service) nicOption(mac string) string {
	i := slices.IndexFunc(s.machine.Hardware().NICs, func(n world.NIC) bool { return n.MAC == mac })
	return fmt.Sprintf("Boot%04X", i+1)
}

// order is Boot.BootOrder as it will be at the next boot: the disk, and the NICs that boot from the network. Legacy mode has
// no boot options.
func (s *Service) order() []string {
	f, now := s.machine.PendingFirmware(), s.machine.Firmware()
	if !now.UEFI {
		return []string{}
	}
	out := []string{diskOption}
	for _, mac := range f.PXE {
		if slices.Contains(now.PXE, mac) { // an option comes into being in POST
			out = append(out, s.nicOption(mac))
		}
	}
	return out
}

// setOrder takes a new order, which has to name each option once. The disk's place is remembered by nobody: what boots
// without an override is the disk where it holds a system.
func (s *Service) setOrder(value any) []message {
	list, ok := value.([]any)
	if !ok {
		return []message{wrongType("Boot/BootOrder", value)}
	}
	var wanted []string
	for _, v := range list {
		wanted = append(wanted, fmt.Sprint(v))
	}
	if !slices.Equal(slices.Sorted(slices.Values(wanted)), slices.Sorted(slices.Values(s.order()))) {
		return []message{notInList("Boot/BootOrder", strings.Join(wanted, ","))}
	}
	f := s.machine.PendingFirmware()
	place := func(mac string) int {
		if i := slices.Index(wanted, s.nicOption(mac)); i >= 0 {
			return i
		}
		return len(wanted)
	}
	slices.SortStableFunc(f.PXE, func(a, b string) int { return place(a) - place(b) })
	s.machine.StageFirmware(f)
	return nil
}

func (s *Service) bootOptions() object {
	var members []string
	for _, o := range s.order() {
		members = append(members, s.optionsPath()+"/"+o)
	}
	return collection("BootOptionCollection", s.optionsPath(), "Boot Option Collection", members...)
}

func (s *Service) bootOption(id string) func() object {
	if !slices.Contains(s.order(), id) {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(id, "Boot"), 16, 16)
	if err != nil {
		return nil
	}
	name, path := "Operating System", "HD(1,GPT,00000000-0000-0000-0000-000000000000,0x800,0x100000)/\\EFI\\BOOT\\BOOTX64.EFI"
	if n > 0 {
		nic := s.machine.Hardware().NICs[n-1]
		name = "PXE IPv4 " + nic.Product
		path = fmt.Sprintf("PciRoot(0x0)/Pci(0x%X,0x0)/MAC(%s,0x1)/IPv4(0.0.0.0)", n, strings.ToUpper(strings.ReplaceAll(nic.MAC, ":", "")))
	}
	return func() object {
		return object{
			"@odata.type": "#BootOption.v1_0_6.BootOption", "@odata.id": s.optionsPath() + "/" + id, "Id": id, "Name": "Boot Option",
			"BootOptionReference": id, "BootOptionEnabled": true, "DisplayName": name, "UefiDevicePath": path,
		}
	}
}
