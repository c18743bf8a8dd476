package libvirt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
)

func domain(os, devices string) string {
	return "<domain type='kvm'>\n  <name>n1</name>\n  <os>\n    <type>hvm</type>" + os + "\n  </os>\n  <devices>" + devices + "</devices>\n</domain>\n"
}

const (
	disk   = "<disk type='file' device='disk'><boot order='1'/><target dev='vda'/></disk>"
	first  = "<interface type='network'><mac address='52:54:00:00:00:01'/><boot order='2' loadparm='x'/></interface>"
	second = "<interface type='network'><boot order='3'/><mac address='52:54:00:00:00:02'/></interface>"
)

func TestABootOrderIsChangedAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		device drivers.BootDevice
		mac    string
		was    drivers.BootDevice
		want   string
	}{
		"network comes before the disk": {
			domain("<boot dev='hd'/>", ""), drivers.BootPXE, "", drivers.BootDisk,
			domain("<boot dev='network'/><boot dev='hd'/>", "")},
		"the disk comes before the network, and others stay behind in their order": {
			domain(`<boot dev="network"/><boot dev='cdrom'></boot><boot dev='hd'/>`, ""), drivers.BootDisk, "", drivers.BootPXE,
			domain("<boot dev='hd'/><boot dev='network'/><boot dev='cdrom'/>", "")},
		"a domain without an order boots from its disk": {
			domain("", ""), drivers.BootDisk, "", drivers.BootDisk,
			strings.Replace(domain("", ""), "</os>", "<boot dev='hd'/></os>", 1)},
		"a domain without an order keeps its disk behind the network": {
			domain("", ""), drivers.BootPXE, "", drivers.BootDisk,
			strings.Replace(domain("", ""), "</os>", "<boot dev='network'/><boot dev='hd'/></os>", 1)},
		"single devices change places": {
			domain("", disk+first+second), drivers.BootPXE, "", drivers.BootDisk,
			domain("", strings.Replace(disk, "'1'", "'3'", 1)+strings.Replace(first, "'2'", "'1'", 1)+strings.Replace(second, "'3'", "'2'", 1))},
		"the interface with the boot MAC comes first": {
			domain("", disk+first+second), drivers.BootPXE, "52:54:00:00:00:02", drivers.BootDisk,
			domain("", strings.Replace(disk, "'1'", "'3'", 1)+first+strings.Replace(second, "'3'", "'1'", 1))},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := readOrder(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.was, o.target())
			values, ok := o.with(c.device, c.mac)
			require.True(t, ok)
			got, err := o.write(c.text, values)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			again, err := readOrder(got)
			require.NoError(t, err)
			assert.Equal(t, c.device, again.target())
			back, err := again.write(got, o.values())
			require.NoError(t, err)
			restored, err := readOrder(back)
			require.NoError(t, err)
			assert.Equal(t, o.String(), restored.String(), "and it can be put back")
		})
	}
}

func TestABootOrderThatCantBeChangedIsSaid(t *testing.T) {
	o, err := readOrder(domain("", disk))
	require.NoError(t, err)
	_, ok := o.with(drivers.BootPXE, "")
	assert.False(t, ok, "no interface has an order")
	_, err = o.write(domain("", disk), []string{"1", "2"})
	require.Error(t, err, "another number of devices")
	for name, text := range map[string]string{"XML that ends too soon": "<domain><os>", "no XML": "secret", "a domain without os": "<domain/>"} {
		t.Run(name, func(t *testing.T) {
			_, err := readOrder(text)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func FuzzReadOrder(f *testing.F) {
	f.Add(domain("<boot dev='hd'/>", disk))
	f.Add("<domain><os/></domain>")
	f.Add("<domain><devices><a><boot/></a></devices><os><boot/></os></domain>")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := readOrder(text)
		if err != nil {
			return
		}
		for _, device := range []drivers.BootDevice{drivers.BootPXE, drivers.BootDisk} {
			if values, ok := o.with(device, ""); ok {
				if changed, err := o.write(text, values); err == nil && !o.devices {
					again, err := readOrder(changed)
					require.NoError(t, err)
					assert.Equal(t, values, again.values())
				}
			}
		}
	})
}
