package redfish

import (
	"context"
	"fmt"
)

// devices is how many network boot devices a Dell BIOS has (attributes PxeDev1... to PxeDev4...).
const devices = 4

func deviceAttributes(n int) (enabled, nic string) {
	return fmt.Sprintf("PxeDev%dEnDis", n), fmt.Sprintf("PxeDev%dInterface", n)
}

// pxeDevice makes a NIC the first network boot device of a Dell BIOS that is on: in UEFI mode it lists only these devices,
// whatever the NIC itself is set to. The NIC is called by the id of its network device function, which is the maker's name
// (FQDD) for it. Done is false where the BIOS has no such attributes or the NIC no function.
func (b *bios) pxeDevice(ctx context.Context, f *deviceFunction) (note string, changed, done bool, err error) {
	firstOn, firstNIC := deviceAttributes(1)
	if f == nil || f.ID == "" || b.now[firstOn] == nil || b.now[firstNIC] == nil {
		return "", false, false, nil
	}
	want := map[string]string{firstOn: "Enabled", firstNIC: f.ID}
	use, taken := 1, false
	for n := 1; n <= devices; n++ {
		enabled, nic := deviceAttributes(n)
		if b.now[nic] == nil {
			continue
		}
		if b.is(nic, f.ID) {
			if !taken {
				use, want = n, map[string]string{enabled: "Enabled", nic: f.ID}
			} else {
				want[nic] = fmt.Sprint(b.value(firstNIC)) // they change places: one NIC is one device
			}
			break
		}
		taken = taken || b.is(enabled, "Enabled")
	}
	if changed, err = b.set(ctx, want); err != nil {
		return "", false, false, err
	}
	when := ""
	if enabled, nic := deviceAttributes(use); b.waits(nic, f.ID) || b.waits(enabled, "Enabled") {
		when = " from the next reset on"
	}
	return fmt.Sprintf("%s is PXE device %d of the BIOS%s.", f.ID, use, when), changed, true, nil
}
