package libvirt

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"drydock/drivers"
)

// place is a boot element of a domain's XML, by the bytes that it takes.
type place struct {
	start, end int
	value      string // dev of an element of os, order of one of a device
	device     string // "interface", "disk" or another device that it stands in; "" within os
	mac        string // of that interface
}

// order is in which order a domain boots: by kinds of devices (<os><boot dev=>) or by single devices (<boot order=>). libvirt
// takes no mixture. The XML is not read further, so that all else in it stays as it is, byte for byte.
type order struct {
	places  []place
	osEnd   int // where </os> begins
	devices bool
}

// readOrder finds the boot elements.
func readOrder(text string) (order, error) {
	var o order
	var path []string
	var device place
	var first int // place of the first boot element of the device that is being read
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		at := int(decoder.InputOffset())
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return order{}, fmt.Errorf("read the XML of the domain: it is not well-formed")
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			switch where := strings.Join(path, "/"); {
			case where == "domain/os/boot":
				o.places = append(o.places, place{start: at, value: attribute(t, "dev")})
			case len(path) == 3 && strings.HasPrefix(where, "domain/devices/"):
				device, first = place{device: t.Name.Local}, len(o.places)
			case len(path) == 4 && strings.HasPrefix(where, "domain/devices/") && t.Name.Local == "mac":
				device.mac = attribute(t, "address")
			case len(path) == 4 && strings.HasPrefix(where, "domain/devices/") && t.Name.Local == "boot":
				o.devices = true
				o.places = append(o.places, place{start: at, value: attribute(t, "order"), device: device.device})
			}
		case xml.EndElement:
			switch where := strings.Join(path, "/"); {
			case where == "domain/os":
				o.osEnd = at
			case t.Name.Local == "boot" && (where == "domain/os/boot" || len(path) == 4 && strings.HasPrefix(where, "domain/devices/")):
				o.places[len(o.places)-1].end = int(decoder.InputOffset())
			case len(path) == 3 && strings.HasPrefix(where, "domain/devices/"):
				for i := first; i < len(o.places); i++ {
					o.places[i].mac = device.mac
				}
			}
			path = path[:len(path)-1]
		}
	}
	if !strings.HasPrefix(text[o.osEnd:], "</os") { // also an empty element, which libvirt never writes
		return order{}, errors.New("read the XML of the domain: it has no element os")
	}
	return o, nil
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// String is the order in the form in which it is kept for later, such as "kinds network hd" or "devices 2 1".
func (o order) String() string {
	kind := "kinds"
	if o.devices {
		kind = "devices"
	}
	return strings.Join(append([]string{kind}, o.values()...), " ")
}

func (o order) values() []string {
	out := make([]string, 0, len(o.places))
	for _, p := range o.places {
		out = append(out, p.value)
	}
	return out
}

// target is what the domain boots from first; "" when that is neither network nor disk. Without any element it is the disk.
func (o order) target() drivers.BootDevice {
	if len(o.places) == 0 {
		return drivers.BootDisk
	}
	first := o.places[0]
	if o.devices {
		first = slices.MinFunc(o.places, func(a, b place) int { return a.number() - b.number() })
	}
	switch {
	case first.value == "network" || first.device == "interface":
		return drivers.BootPXE
	case first.value == "hd" || first.device == "disk":
		return drivers.BootDisk
	}
	return ""
}

func (p place) number() int {
	n, err := strconv.Atoi(p.value)
	if err != nil {
		return 1 << 20
	}
	return n
}

// with returns the values that put a boot device first and keep the others in their order behind it; the interface with the
// given MAC comes before the others. ok is false when the domain orders devices, and none of the kind is among them.
func (o order) with(device drivers.BootDevice, mac string) (values []string, ok bool) {
	kind, element := "hd", "disk"
	if device == drivers.BootPXE {
		kind, element = "network", "interface"
	}
	if !o.devices {
		values = []string{kind}
		for _, p := range o.places {
			if p.value != kind {
				values = append(values, p.value)
			}
		}
		if len(o.places) == 0 && kind != "hd" {
			values = append(values, "hd")
		}
		return values, true
	}
	rank := func(p place) int {
		switch {
		case p.device == element && mac != "" && strings.EqualFold(p.mac, mac):
			return 0
		case p.device == element:
			return 1
		}
		return 2
	}
	indexes := make([]int, len(o.places))
	for i := range indexes {
		indexes[i] = i
	}
	slices.SortStableFunc(indexes, func(a, b int) int {
		if by := rank(o.places[a]) - rank(o.places[b]); by != 0 {
			return by
		}
		return o.places[a].number() - o.places[b].number()
	})
	values = make([]string, len(o.places))
	for n, i := range indexes {
		values[i] = strconv.Itoa(n + 1)
	}
	return values, len(indexes) > 0 && rank(o.places[indexes[0]]) < 2
}

// describe names an order, given by its values, for people.
func (o order) describe(values []string) string {
	if o.devices {
		return "the devices with a boot order, in the order " + strings.Join(values, ", ")
	}
	return strings.Join(values, ", ")
}

var orderAttribute = regexp.MustCompile(`(\border\s*=\s*['"])[^'"]*`)

// write returns the XML with the values in place of those that it has. Of devices there have to be as many.
func (o order) write(text string, values []string) (string, error) {
	if o.devices {
		if len(values) != len(o.places) {
			return "", errors.New("the domain has other devices with a boot order than before")
		}
		for i := len(o.places) - 1; i >= 0; i-- { // from behind, so that the places before stay right
			p := o.places[i]
			text = text[:p.start] + orderAttribute.ReplaceAllString(text[p.start:p.end], "${1}"+values[i]) + text[p.end:]
		}
		return text, nil
	}
	at := o.osEnd
	for i := len(o.places) - 1; i >= 0; i-- {
		at = o.places[i].start
		text = text[:at] + text[o.places[i].end:]
	}
	var elements strings.Builder
	for _, v := range values {
		elements.WriteString("<boot dev='")
		if err := xml.EscapeText(&elements, []byte(v)); err != nil {
			return "", err
		}
		elements.WriteString("'/>")
	}
	return text[:at] + elements.String() + text[at:], nil
}
