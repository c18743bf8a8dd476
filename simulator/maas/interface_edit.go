package maas

import "strings"

var bondModes = []string{"balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"}

var bondPolicies = []string{"layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4"}

// createInterface makes an interface of a kind from a form.
func (s *Server) createInterface(c *call, m *machine, kind string) (*iface, error) {
	var v invalid
	i := &iface{kind: kind, params: obj{}, connected: false, tags: c.words("tags")}
	if kind != kindPhysical {
		s.editParents(c, m, i, &v)
	}
	s.editName(c, m, i, &v)
	switch {
	case strings.TrimSpace(c.get("mac_address")) != "":
		s.editMAC(c, m, i, nil, &v)
	case kind == kindPhysical:
		v.add("mac_address", fieldRequired)
	case len(i.parents) > 0:
		i.mac = i.parents[0].mac
	case kind == kindBond:
		v.add("mac_address", "This field cannot be blank.")
	}
	if c.has("vlan") && c.get("vlan") != "" {
		i.vlan = s.vlanField(c, &v)
	} else if len(i.parents) > 0 && kind != kindVLAN {
		i.vlan = i.parents[0].vlan
	}
	if kind == kindVLAN && !v.has("vlan") && !v.has("parents") {
		switch {
		case i.vlan == nil:
			v.add("vlan", "A VLAN interface must be connected to a tagged VLAN.")
		case i.vlan.vid == 0:
			v.add("vlan", "A VLAN interface can only belong to a tagged VLAN.")
		default:
			i.name = text("%s.%d", i.parents[0].name, i.vlan.vid)
			s.checkName(m, i, &v)
		}
	}
	editParams(c, i, &v)
	if err := v.err(); err != nil {
		return nil, err
	}
	if i.name == "" {
		i.name = m.freeName(kind)
	}
	if kind == kindBond || kind == kindBridge {
		for _, p := range i.parents {
			s.forgetGateways(m, p)
			p.links = nil
		}
	}
	s.addInterface(m, i)
	if i.vlan != nil {
		i.links = []*link{s.newLink(modeLinkUp, nil)}
	}
	return i, nil
}

func (m *machine) freeName(kind string) string {
	stem := map[string]string{kindPhysical: "eth", kindBond: "bond", kindBridge: "br"}[kind]
	for n := 0; ; n++ {
		if name := text("%s%d", stem, n); m.interfaceByName(name) == nil {
			return name
		}
	}
}

func (s *Server) editName(c *call, m *machine, i *iface, v *invalid) {
	if name := strings.TrimSpace(c.get("name")); name != "" {
		i.name = name
		s.checkName(m, i, v)
	} else if i.kind == kindBond && i.name == "" && i.id == 0 {
		v.add("name", fieldRequired)
	}
}

func (s *Server) checkName(m *machine, i *iface, v *invalid) {
	if len(i.name) > 15 {
		v.add("name", "Ensure this value has at most 15 characters (it has %d).", len(i.name))
	}
	// What is wrong with the parents is said first, and by itself.
	if x := m.interfaceByName(i.name); x != nil && (i.id == 0 || x.id != i.id) && !v.has("parents") {
		v.add("name", "Node %s (%s) already has an interface named '%s'.", m.systemID, m.hostname, i.name)
	}
}

// editMAC sets a MAC that no other physical interface of the region has; a bond may have that of its parent.
func (s *Server) editMAC(c *call, m *machine, i, old *iface, v *invalid) {
	mac := strings.ToLower(strings.TrimSpace(c.get("mac_address")))
	if mac == "" {
		return
	}
	if !isMAC(mac) {
		v.add("mac_address", "'%s' is not a valid MAC address.", mac)
		return
	}
	i.mac = mac
	if i.kind != kindPhysical {
		return
	}
	for _, x := range s.machines {
		if other := x.interfaceByMAC(mac); other != nil && other != old {
			v.add("mac_address", "This MAC address is already in use by %s (%s) on %s.", other.name, other.kind, x.hostname)
		}
	}
}

// editParents reads what a bond, bridge or VLAN is made on.
func (s *Server) editParents(c *call, m *machine, i *iface, v *invalid) {
	field := "parents"
	given := c.list(field)
	if i.kind == kindVLAN || i.kind == kindBridge {
		if c.has("parent") {
			given = c.list("parent")
		}
	}
	i.parents = nil
	for _, g := range given {
		for _, x := range strings.FieldsFunc(g, func(r rune) bool { return r == ',' }) {
			n, _ := parseNumber(x)
			p := m.interfaceByID(int(n))
			if p == nil {
				v.add(field, noSuchChoice, x)
				continue
			}
			i.parents = append(i.parents, p)
		}
	}
	if v.has(field) {
		return
	}
	if len(i.parents) == 0 {
		article := map[string]string{kindBond: "A bond interface must have one or more parents.",
			kindVLAN: "A VLAN interface must have exactly one parent.", kindBridge: "A bridge interface must have exactly one parent."}
		v.add(field, "%s", article[i.kind])
		return
	}
	if i.kind == kindVLAN || i.kind == kindBridge {
		if len(i.parents) > 1 {
			v.add(field, "A %s interface must have exactly one parent.", strings.Replace(i.kind, "vlan", "VLAN", 1))
		}
		if i.kind == kindVLAN && i.parents[0].kind == kindVLAN {
			v.add(field, "VLAN interface can't have another VLAN interface as parent.")
		}
		return
	}
	var used []string
	for _, p := range i.parents {
		if p.kind != kindPhysical {
			v.add(field, "Only physical interfaces can be bonded.")
			return
		}
		for _, x := range m.children(p) {
			if x.id != i.id || i.id == 0 {
				used = append(used, p.name)
				break
			}
		}
	}
	if len(used) > 0 {
		v.add(field, "Interfaces already in-use: %s.", strings.Join(used, ", "))
		return
	}
	for _, p := range i.parents[1:] {
		if p.vlan != i.parents[0].vlan {
			v.add(field, "All parents must belong to the same VLAN.")
			return
		}
	}
}

// editParams reads mtu and the settings of bonds and bridges.
func editParams(c *call, i *iface, v *invalid) {
	if n, ok := c.number("mtu", v); ok {
		if n < 552 || n > 65535 {
			v.add("mtu", "MTU must be between 552 and 65535.")
		}
		i.params["mtu"] = n
	} else if c.has("mtu") && c.get("mtu") == "" {
		delete(i.params, "mtu")
	}
	choice := func(name, value string, valid []string) {
		if c.get(name) != "" {
			value = c.get(name)
		} else if old, ok := i.params[name].(string); ok {
			value = old
		}
		if !contains(valid, value) {
			v.add(name, "'%s' is not a valid %s.  It should be one of: %s.", value, name, quotedList(valid))
		}
		i.params[name] = value
	}
	whole := func(name string, value int) {
		if old, ok := i.params[name].(int); ok {
			value = old
		}
		if n, ok := c.number(name, v); ok {
			if n < 0 {
				v.add(name, "Ensure this value is greater than or equal to 0.")
			}
			value = n
		}
		i.params[name] = value
	}
	switch i.kind {
	case kindBond:
		choice("bond_mode", "active-backup", bondModes)
		whole("bond_miimon", 100)
		whole("bond_updelay", 0)
		whole("bond_downdelay", 0)
		whole("bond_num_grat_arp", 1)
		mode := i.params["bond_mode"]
		if mode == "802.3ad" {
			choice("bond_lacp_rate", "fast", []string{"fast", "slow"})
		} else {
			delete(i.params, "bond_lacp_rate")
		}
		if mode == "802.3ad" || mode == "balance-xor" || mode == "balance-tlb" {
			choice("bond_xmit_hash_policy", "layer2", bondPolicies)
		} else {
			delete(i.params, "bond_xmit_hash_policy")
		}
	case kindBridge:
		choice("bridge_type", "standard", []string{"standard", "ovs"})
		stp, _ := i.params["bridge_stp"].(bool)
		c.flagOf("bridge_stp", &stp)
		i.params["bridge_stp"] = stp
		whole("bridge_fd", 15)
	}
	if c.has("accept_ra") && c.get("accept_ra") != "" {
		i.params["accept-ra"] = c.flag("accept_ra")
	}
}
