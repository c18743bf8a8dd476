package maas

import (
	"net/http"
	"strings"
)

const interfaceStates = "because the machine is not New, Ready, Allocated, or Broken."

func (s *Server) routeInterfaces(t *router) {
	const all, one = "nodes/{system_id}/interfaces/", "nodes/{system_id}/interfaces/{id}/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		return listOf(m.interfaces, func(i *iface) obj { return s.interfaceBody(m, i) }), nil
	})
	for op, kind := range map[string]string{"create_physical": kindPhysical, "create_bond": kindBond, "create_vlan": kindVLAN, "create_bridge": kindBridge} {
		t.on(all, "POST", op, admins, func(c *call) (any, error) {
			m, err := c.node()
			if err != nil {
				return nil, err
			}
			noun := kind + " interface"
			switch kind {
			case kindPhysical:
				noun = "interface"
			case kindVLAN:
				noun = "VLAN interface"
			}
			if !m.status.in(canNetwork...) {
				return nil, refuse(http.StatusConflict, "Cannot create %s %s", noun, interfaceStates)
			}
			i, err := s.createInterface(c, m, kind)
			if err != nil {
				return nil, err
			}
			return s.interfaceBody(m, i), nil
		})
	}
	t.on(one, "GET", "", users, s.onInterface("", nil, func(*call, *machine, *iface) error { return nil }))
	t.on(one, "PUT", "", admins, s.onInterface("update interface", canNetworkPut, s.updateInterface))
	t.on(one, "DELETE", "", admins, s.deleteInterface)
	t.on(one, "POST", "link_subnet", admins, s.onInterface("link subnet", canNetwork, s.linkSubnet))
	t.on(one, "POST", "unlink_subnet", admins, s.onInterface("unlink subnet", canNetwork, s.unlinkSubnet))
	t.on(one, "POST", "disconnect", admins, s.onInterface("disconnect", canNetwork, s.disconnect))
	t.on(one, "POST", "set_default_gateway", admins, s.onInterface("", nil, s.setDefaultGateway))
	t.on(one, "POST", "add_tag", admins, s.onInterface("update interface", canNetworkPut, func(c *call, _ *machine, i *iface) error {
		if tag := c.get("tag"); tag != "" && !contains(i.tags, tag) {
			i.tags = append(i.tags, tag)
		}
		return nil
	}))
	t.on(one, "POST", "remove_tag", admins, s.onInterface("update interface", canNetworkPut, func(c *call, _ *machine, i *iface) error {
		i.tags = without(i.tags, c.get("tag"))
		return nil
	}))
}

func without(list []string, x string) []string {
	var out []string
	for _, y := range list {
		if y != x {
			out = append(out, y)
		}
	}
	return out
}

// node finds the machine of a nodes/ path.
func (c *call) node() (*machine, error) {
	if c.s.machineByID(c.vars["system_id"]) == nil {
		if d := c.s.deviceByID(c.vars["system_id"]); d != nil {
			return &d.machine, nil
		}
		return nil, notFound("Node")
	}
	return c.machine()
}

// onInterface makes a handler of an operation on one interface. A non-empty verb is refused outside of the given states.
func (s *Server) onInterface(verb string, states []status, f func(*call, *machine, *iface) error) handler {
	return func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		i := m.interfaceByID(c.idVar("id"))
		if i == nil {
			return nil, notFound("Interface")
		}
		if states != nil && !m.status.in(states...) {
			return nil, refuse(http.StatusConflict, "Cannot %s interface %s", verb, interfaceStates)
		}
		if err := f(c, m, i); err != nil {
			return nil, err
		}
		return s.interfaceBody(m, i), nil
	}
}

func (s *Server) updateInterface(c *call, m *machine, i *iface) error {
	var v invalid
	draft := *i
	draft.params = obj{}
	for k, x := range i.params {
		draft.params[k] = x
	}
	s.editName(c, m, &draft, &v)
	if c.has("mac_address") {
		s.editMAC(c, m, &draft, i, &v)
	}
	if m.status == statusDeployed {
		// A deployed machine's network is what was installed: only names and MACs may be corrected.
		if err := v.err(); err != nil {
			return err
		}
		i.name, i.mac = draft.name, draft.mac
		return nil
	}
	if c.has("vlan") {
		draft.vlan = s.vlanField(c, &v)
		if i.kind == kindVLAN && draft.vlan != nil && draft.vlan.vid == 0 {
			v.add("vlan", "A VLAN interface can only belong to a tagged VLAN.")
		}
	}
	if c.has("tags") {
		draft.tags = c.words("tags")
	}
	if i.kind == kindBond || i.kind == kindBridge {
		if c.has("parents") {
			s.editParents(c, m, &draft, &v)
		}
	}
	editParams(c, &draft, &v)
	if err := v.err(); err != nil {
		return err
	}
	if draft.vlan != i.vlan {
		draft.links = nil
		s.forgetGateways(m, i)
	}
	if i.kind == kindVLAN && len(i.parents) == 1 && draft.vlan != nil && !c.has("name") {
		draft.name = text("%s.%d", i.parents[0].name, draft.vlan.vid)
	}
	*i = draft
	for _, x := range m.children(i) {
		if x.kind == kindVLAN && x.vlan != nil {
			x.name = text("%s.%d", i.name, x.vlan.vid)
		}
	}
	return nil
}

func (s *Server) forgetGateways(m *machine, i *iface) {
	for v, g := range m.gateways {
		for _, l := range i.links {
			if g == l {
				delete(m.gateways, v)
			}
		}
	}
}

// deleteInterface removes an interface, the VLANs on it, and its part in bonds and bridges.
func (s *Server) deleteInterface(c *call) (any, error) {
	m, err := c.node()
	if err != nil {
		return nil, err
	}
	i := m.interfaceByID(c.idVar("id"))
	if i == nil {
		return nil, notFound("Interface")
	}
	if !m.status.in(canNetwork...) {
		return nil, refuse(http.StatusConflict, "Cannot delete interface %s", interfaceStates)
	}
	s.removeInterface(m, i)
	return noContent(), nil
}

func (s *Server) removeInterface(m *machine, i *iface) {
	s.forgetGateways(m, i)
	var kept []*iface
	for _, x := range m.interfaces {
		if x != i {
			kept = append(kept, x)
		}
	}
	children := m.children(i)
	m.interfaces = kept
	if m.bootInterface == i {
		m.bootInterface = nil
	}
	for _, x := range children {
		var parents []*iface
		for _, p := range x.parents {
			if p != i {
				parents = append(parents, p)
			}
		}
		x.parents = parents
		if len(parents) == 0 {
			s.removeInterface(m, x)
		}
	}
	if i.kind == kindBond || i.kind == kindBridge {
		for _, p := range i.parents {
			if len(p.links) == 0 && p.vlan != nil && len(m.children(p)) == 0 {
				p.links = []*link{s.newLink(modeLinkUp, nil)}
			}
		}
	}
}

// vlanField reads a VLAN id; empty means none.
func (s *Server) vlanField(c *call, v *invalid) *vlan {
	if strings.TrimSpace(c.get("vlan")) == "" {
		return nil
	}
	x := s.vlanBySpec(c.get("vlan"))
	if x == nil {
		v.add("vlan", noThatChoice)
	}
	return x
}
