package maas

import (
	"regexp"
	"strings"
)

// createMachine is POST machines/: a machine that somebody describes instead of it having enlisted itself.
func (s *Server) createMachine(c *call) (any, error) {
	var v invalid
	c.required(&v, "architecture", "mac_addresses")
	m := s.newMachine()
	m.powerType = ""
	s.editMachine(c, m, &v, true)
	macs := []string{}
	for _, mac := range c.list("mac_addresses") {
		mac = strings.ToLower(strings.TrimSpace(mac))
		switch other := s.machineByMAC(mac); {
		case mac == "":
			continue
		case !isMAC(mac):
			v.add("mac_addresses", "'%s' is not a valid MAC address.", mac)
		case other != nil:
			v.add("mac_addresses", "MAC address %s already in use on %s.", mac, other.hostname)
		case !contains(macs, mac):
			macs = append(macs, mac)
		}
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	commission := c.user.admin
	if c.has("commission") {
		commission = c.user.admin && c.flag("commission")
	}
	deployed := c.flag("deployed")
	opt := options{enableSSH: c.flag("enable_ssh"), skipBMC: c.flag("skip_bmc_config")}
	if commission && !deployed {
		if err := s.ephemeralReady(); err != nil {
			return nil, err
		}
	}
	if m.hostname == "" {
		m.hostname = s.newHostname()
	}
	for n, mac := range macs {
		s.addInterface(m, &iface{name: text("eth%d", n), kind: kindPhysical, mac: mac, connected: true})
	}
	m.bootInterface = m.interfaces[0]
	s.machines = append(s.machines, m)
	switch {
	case deployed:
		m.owner = c.user
		m.status = statusDeployed
		m.sets = append(m.sets, s.newSet(setCommissioning, s.commissioningScripts()))
		return s.body(m), nil
	case !commission:
		return s.body(m), nil
	}
	// A refusal from here on leaves the machine behind, as New.
	if err := s.startCommissioning(c, m, opt); err != nil {
		return nil, err
	}
	return s.body(m), nil
}

func (s *Server) newMachine() *machine {
	return &machine{
		systemID: s.newSystemID(), domain: s.defaultDomain(), zone: s.zones[0], pool: s.pools[0], status: statusNew,
		previous: statusNew, netboot: true, powerState: "unknown", owned: map[string]string{}, hardware: map[string]string{},
		power: map[string]any{}, gateways: map[int]*link{},
	}
}

// updateMachine is PUT machines/{id}/. Owner and status can't be written; unknown fields are ignored.
func (s *Server) updateMachine(c *call, m *machine) error {
	if !c.user.admin {
		return forbidden()
	}
	var v invalid
	draft := *m
	s.editMachine(c, &draft, &v, false)
	if err := v.err(); err != nil {
		return err
	}
	renamed := draft.hostname != m.hostname || draft.domain != m.domain
	m.hostname, m.domain, m.zone, m.pool = draft.hostname, draft.domain, draft.zone, draft.pool
	m.description, m.architecture, m.minKernel = draft.description, draft.architecture, draft.minKernel
	m.cpus, m.memory, m.swap = draft.cpus, draft.memory, draft.swap
	m.powerType, m.power = draft.powerType, draft.power
	if renamed {
		s.log.Info("machine renamed", "system_id", m.systemID, "hostname", m.hostname)
	}
	return nil
}

// editMachine applies the fields that create and update share to a draft.
func (s *Server) editMachine(c *call, m *machine, v *invalid, create bool) {
	if name := strings.TrimSpace(c.get("hostname")); name != "" {
		label, domainName, dotted := strings.Cut(name, ".")
		if problem := hostProblem(label); problem != "" {
			v.add("hostname", "%s", problem)
		} else if s.hostTaken(label, s.machineByID(m.systemID)) {
			v.add("hostname", "Node with this Hostname already exists.")
		}
		m.hostname = label
		if dotted {
			if d := s.domainByName(domainName); d != nil {
				m.domain = d
			}
		}
	}
	if x := c.get("domain"); x != "" {
		if d := s.domainBySpec(x); d != nil {
			m.domain = d
		} else {
			v.add("domain", "Unable to find domain %s", x)
		}
	}
	if x := c.get("zone"); x != "" {
		if z := s.zoneByName(x); z != nil {
			m.zone = z
		} else {
			v.add("zone", noThatChoice)
		}
	}
	if x := c.get("pool"); x != "" {
		if p := s.poolByName(x); p != nil {
			m.pool = p
		} else {
			v.add("pool", noThatChoice)
		}
	}
	c.textOf("description", &m.description)
	c.textOf("min_hwe_kernel", &m.minKernel)
	s.editArchitecture(c, m, v)
	if n, ok := c.number("cpu_count", v); ok && !create {
		m.cpus = n
	}
	if n, ok := c.number("memory", v); ok && !create {
		m.memory = n
	}
	if n, ok := c.number("swap_size", v); ok {
		m.swap = n
	}
	s.editPower(c, m, v)
}

func (s *Server) editArchitecture(c *call, m *machine, v *invalid) {
	arch := strings.TrimSpace(c.get("architecture"))
	if arch == "" {
		return
	}
	if !strings.Contains(arch, "/") {
		arch += "/generic"
	}
	valid := s.architectures()
	if !contains(valid, arch) {
		if len(valid) == 0 {
			valid = []string{""}
		}
		v.add("architecture", "'%s' is not a valid architecture.  It should be one of: %s.", arch, quotedList(valid))
		return
	}
	m.architecture = arch
}

var macPattern = regexp.MustCompile(`^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$`)

func isMAC(s string) bool { return macPattern.MatchString(s) }

var labelPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// hostProblem says what is wrong with a host name, in the region's words; "" when nothing is.
func hostProblem(label string) string {
	switch {
	case strings.Contains(label, "_"):
		return text("Host label cannot contain underscore: '%s'.", label)
	case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
		return text("Label cannot start or end with hyphen: '%s'.", label)
	case len(label) > 63:
		return text("Label is too long: '%s'. Maximum length is 63.", label)
	case !labelPattern.MatchString(label):
		return text("Label contains disallowed characters: '%s'.", label)
	}
	return ""
}

var (
	hostAdjectives = []string{"able", "brave", "calm", "deep", "eager", "fair", "gentle", "happy", "ideal", "keen", "loyal",
		"modest", "noble", "proud", "quick", "rapid", "sharp", "smart", "solid", "vital", "warm", "witty"}
	hostNouns = []string{"badger", "bison", "cobra", "crane", "eagle", "ferret", "gecko", "heron", "ibex", "koala", "lemur",
		"llama", "marten", "moose", "otter", "panda", "quail", "raven", "seal", "shark", "tapir", "viper", "walrus", "yak"}
)

// newHostname is a random pair of words, as machines get that enlist themselves.
func (s *Server) newHostname() string {
	for i := 0; ; i++ {
		name := hostAdjectives[s.random.Intn(len(hostAdjectives))] + "-" + hostNouns[s.random.Intn(len(hostNouns))]
		if i > 200 {
			name += text("-%d", i)
		}
		if !s.hostTaken(name, nil) {
			return name
		}
	}
}
