package maas

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/canonical/gomaasclient/entity"

	"drydock/design"
	"drydock/drivers"
)

var notSpace = regexp.MustCompile(`[^\w -]`)

// spaces puts the VLANs of networks into the space of their route domain: both stand for networks that reach each other.
// The space of a VLAN whose network has no route domain is left as it is.
func (t *netTemplate) spaces() error {
	routed := func(n *design.Network) bool { return n.RouteDomain != "" }
	if !slices.ContainsFunc(t.networks(), routed) {
		return nil
	}
	all, err := t.gmc.Spaces.Get()
	if err != nil {
		return t.fail(err, "list spaces")
	}
	taken := map[int]*design.Network{}
	for _, l := range t.links() {
		for _, n := range slices.DeleteFunc(t.networksOf(l), func(n *design.Network) bool { return !routed(n) }) {
			v := t.vlanOf(l, n)
			if v == nil {
				continue
			}
			if other := taken[v.ID]; other != nil {
				if other.RouteDomain != n.RouteDomain {
					t.told = append(t.told, drivers.Warning(fmt.Sprintf("network %s is in route domain %s and shares its VLAN with network %s, by which the space of the VLAN goes.",
						n.Name, n.RouteDomain, other.Name)))
				}
				continue
			}
			taken[v.ID] = n
			if all, err = t.space(all, v, notSpace.ReplaceAllString(n.RouteDomain, "-")); err != nil {
				return err
			}
		}
	}
	return nil
}

// space puts a VLAN into a space, which it makes where there is none, and returns the spaces that there are then.
func (t *netTemplate) space(all []entity.Space, v *vlan, name string) ([]entity.Space, error) {
	if v.Space == name {
		return all, nil
	}
	i := slices.IndexFunc(all, func(s entity.Space) bool { return s.Name == name })
	if i < 0 {
		made, err := t.gmc.Spaces.Create(name)
		if err != nil {
			return all, t.fail(err, "make space %s", name)
		}
		t.changed("Space %s was made.", name)
		all, i = append(all, *made), len(all)
	}
	old := v.Space
	if err := t.put(fmt.Sprintf("vlans/%d/", v.ID), form("space", strconv.Itoa(all[i].ID)), v); err != nil {
		return all, t.fail(err, "put VLAN %d of fabric %s into space %s", v.VID, v.Fabric, name)
	}
	t.changed("VLAN %d of fabric %s was put into space %s instead of %s.", v.VID, v.Fabric, name, orNothing(old))
	return all, nil
}
