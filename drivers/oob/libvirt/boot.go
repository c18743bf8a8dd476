package libvirt

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	lib "github.com/digitalocean/go-libvirt"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// namespace of what is kept in the metadata of a domain.
const namespace = "urn:drydock:boot"

// once is kept in the metadata of a domain whose boot order was changed for one start.
type once struct {
	XMLName xml.Name `xml:"once"`
	Run     int32    `xml:"run,attr"`  // id of the run at that time; -1: the domain was off
	Then    string   `xml:"then,attr"` // the order that comes back
}

// used reports whether the domain was started since.
func (o once) used(d lib.Domain) bool { return d.ID >= 0 && d.ID != o.Run }

// values of the order that comes back.
func (o once) values() []string {
	if words := strings.Fields(o.Then); len(words) > 0 {
		return words[1:]
	}
	return nil
}

// once reads the note; nil when there is none.
func (c *conn) once(ctx context.Context) (*once, error) {
	var text string
	err := c.do(ctx, "read the metadata of the domain", func() (err error) {
		text, err = c.rpc.DomainGetMetadata(c.domain, int32(lib.DomainMetadataElement), lib.OptString{namespace}, lib.DomainAffectConfig)
		if has(err, lib.ErrNoDomainMetadata) {
			err = nil
		}
		return err
	})
	if err != nil || text == "" {
		return nil, err
	}
	var o once
	if err := xml.Unmarshal([]byte(text), &o); err != nil {
		return nil, bmc.Failf(drivers.Conflict, "remove the element of "+namespace+" from the metadata of the domain, and see to its boot order",
			"read the metadata of the domain: the note of its boot order can't be read")
	}
	return &o, nil
}

// keep writes the note; nil removes it.
func (c *conn) keep(ctx context.Context, o *once) error {
	var text lib.OptString
	if o != nil {
		raw, err := xml.Marshal(o)
		if err != nil {
			return bmc.Failf(drivers.Internal, "", "write the metadata of the domain: %w", err)
		}
		text = lib.OptString{string(raw)}
	}
	return c.do(ctx, "write the metadata of the domain", func() error {
		return c.rpc.DomainSetMetadata(c.domain, int32(lib.DomainMetadataElement), text, lib.OptString{"drydock"}, lib.OptString{namespace}, lib.DomainAffectConfig)
	})
}

// definition reads the XML that the next start goes by, with the passwords in it, since it is written back.
func (c *conn) definition(ctx context.Context) (string, order, error) {
	var text string
	err := c.do(ctx, "read the definition of the domain", func() (err error) {
		text, err = c.rpc.DomainGetXMLDesc(c.domain, lib.DomainXMLInactive|lib.DomainXMLSecure)
		return err
	})
	if err != nil {
		return "", order{}, err
	}
	o, err := readOrder(text)
	if err != nil {
		return "", order{}, bmc.Failf(drivers.Internal, "", "%w", err)
	}
	return text, o, nil
}

// define changes the boot order of the definition, and reads it back.
func (c *conn) define(ctx context.Context, values []string) error {
	text, now, err := c.definition(ctx)
	if err != nil {
		return err
	}
	changed, err := now.write(text, values)
	if err != nil {
		return bmc.Failf(drivers.Conflict, "see to the boot order of the domain", "change the boot order: %w", err)
	}
	err = c.do(ctx, "define the domain with another boot order", func() error {
		_, err := c.rpc.DomainDefineXMLFlags(changed, 0)
		return err
	})
	if err != nil {
		return err
	}
	_, got, err := c.definition(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(got.values(), values) {
		return bmc.Failf(drivers.Internal, "", "change the boot order: %s took %s and reads back %s", c.at, now.describe(values), got.describe(got.values()))
	}
	return nil
}

// SetNodeBoot puts the boot device first in the domain's definition, and reads it back. libvirt has no order for one start:
// for a target for the next boot the order before is kept in the domain's metadata, and put back by the power action that
// starts the domain. A start by somebody else leaves it to the next action of this driver.
func (d *Driver) SetNodeBoot(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	if call.Boot.Device != drivers.BootPXE && call.Boot.Device != drivers.BootDisk {
		return drivers.Report{}, bmc.Failure(drivers.SetNodeBoot, call, bmc.Failf(drivers.InvalidDesign, "ask for pxe or disk",
			"set the boot device: there is no device %q", call.Boot.Device))
	}
	return d.actions.Do(ctx, drivers.SetNodeBoot, call, func(ctx context.Context, c *conn) (drivers.Report, error) {
		return c.setBoot(ctx, call)
	})
}

func (c *conn) setBoot(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	note, err := c.once(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	_, now, err := c.definition(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	want, ok := now.with(call.Boot.Device, call.Node.BootMAC)
	if !ok {
		return drivers.Report{}, bmc.Failf(drivers.NotSupported, "give such a device of the domain a boot order",
			"set the boot device: the domain orders its devices by themselves, and none of them is for %s", call.Boot.Device)
	}
	there := slices.Equal(now.values(), want)
	name := now.describe(want)
	if call.Boot.Once {
		if there && note != nil && !note.used(c.domain) {
			return drivers.Report{Outcome: drivers.Already, Messages: []string{"The next start of the domain has the boot order " + name + " already."}}, nil
		}
		// The note comes first: a definition that was changed without it would stay so.
		keep := once{Run: c.domain.ID, Then: now.String()}
		if note != nil {
			keep.Then = note.Then
		}
		if err := c.keep(ctx, &keep); err != nil {
			return drivers.Report{}, err
		}
	} else if there && note == nil {
		return drivers.Report{Outcome: drivers.Already, Messages: []string{"The domain has the boot order " + name + " already."}}, nil
	}
	if err := c.define(ctx, want); err != nil {
		return drivers.Report{}, err
	}
	if !call.Boot.Once && note != nil {
		if err := c.keep(ctx, nil); err != nil {
			return drivers.Report{}, err
		}
	}
	how := "for good"
	if call.Boot.Once {
		how = "for its next start"
	}
	b := bmc.Learned(Name, call)
	b.OOB.BootTarget = string(call.Boot.Device)
	out := drivers.Report{Outcome: drivers.Changed, Build: &b,
		Messages: []string{fmt.Sprintf("The domain was defined with the boot order %s %s, and read back.", name, how)}}
	if c.domain.ID >= 0 {
		out.Messages = append(out.Messages, "The domain is running: a restart from within keeps the order that it was started with.")
	}
	return out, nil
}

// putBack ends a boot order for one start, when that start has been. The running domain keeps it until it is stopped.
func (c *conn) putBack(ctx context.Context) (message string, err error) {
	if err := c.find(ctx, c.domain.Name); err != nil {
		return "", err
	}
	note, err := c.once(ctx)
	if err != nil || note == nil || !note.used(c.domain) {
		return "", err
	}
	if err := c.define(ctx, note.values()); err != nil {
		return "", err
	}
	if err := c.keep(ctx, nil); err != nil {
		return "", err
	}
	return "The boot order that was set for this start is used up, and the definition has the one before again; restarts from within " +
		"keep it until the domain is stopped.", nil
}
