package maas

import (
	"net/http"
	"strings"

	"drydock/simulator/world"
)

// allocateConstraints are those of op=allocate that are understood; the rest of a MAAS's answers 501.
var allocateConstraints = []string{"name", "system_id", "tags", "not_tags", "zone", "pool", "arch", "cpu_count", "mem",
	"fabrics", "vlans", "subnets", "hostname", "domain"}

var allocateOptions = []string{"agent_name", "comment", "bridge_all", "bridge_type", "bridge_stp", "bridge_fd", "dry_run", "verbose"}

// allocate is POST machines/ op=allocate: it picks a Ready machine for the caller.
func (s *Server) allocate(c *call) (any, error) {
	opts := map[string]string{}
	for _, k := range allocateOptions {
		if c.has(k) {
			opts[k] = c.get(k)
			delete(c.params, k)
		}
	}
	for k := range c.params {
		if c.get(k) == "" {
			delete(c.params, k)
		}
	}
	if isTrue(opts["bridge_all"]) {
		return nil, refuse(http.StatusNotImplemented, "Not simulated: POST %s op=allocate bridge_all", c.request.URL.Path)
	}
	match, err := s.filter(c, allocateConstraints)
	if err != nil {
		return nil, err
	}
	for _, m := range s.machines {
		if m.status != statusReady || m.owner != nil || m.locked || !match(m) {
			continue
		}
		if !isTrue(opts["dry_run"]) {
			if name, ok := opts["agent_name"]; ok && name != "" {
				m.agentName = &name
			}
			s.acquire(c.user, m)
		}
		b := s.body(m)
		b["constraints_by_type"] = obj{}
		if isTrue(opts["dry_run"]) || isTrue(opts["verbose"]) {
			b["constraint_map"] = nil
			b["dry_run"] = nil
			if isTrue(opts["verbose"]) {
				b["constraints_by_type"] = obj{"verbose_storage": obj{}, "verbose_interfaces": obj{}}
			}
		}
		return b, nil
	}
	return nil, noMatch(c)
}

func noMatch(c *call) error {
	if id := c.get("system_id"); id != "" {
		return refuse(http.StatusConflict, "No machine with system ID %s available.", id)
	}
	if len(c.params) == 0 {
		return refuse(http.StatusConflict, "No machine available.")
	}
	var given, resolved []string
	keys := []string{}
	for k := range c.params {
		keys = append(keys, k)
	}
	for _, k := range sorted(keys) {
		given = append(given, text("('%s', [%s])", k, quotedList(c.list(k))))
		v := strings.Join(c.list(k), ",")
		if n, ok := parseNumber(v); ok && (k == "mem" || k == "cpu_count") {
			v = text("%.1f", n)
		}
		resolved = append(resolved, k+"="+v)
	}
	return refuse(http.StatusConflict, "No available machine matches constraints: [%s] (resolved to \"%s\")",
		strings.Join(given, ", "), strings.Join(resolved, " "))
}

func (s *Server) acquire(u *user, m *machine) {
	m.owner = u
	s.transition(m, statusAllocated)
	s.event(m, levelDebug, "User acquiring node", "("+u.name+")", u)
}

// deploy is op=deploy, of an allocated machine or straight of a Ready one.
func (s *Server) deploy(c *call, m *machine) error {
	if !m.status.in(statusReady, statusAllocated) {
		return refuse(http.StatusConflict, "Can't deploy a machine that is in the '%s' state", m.status)
	}
	for _, k := range []string{"install_kvm", "register_vmhost", "ephemeral_deploy", "enable_hw_sync", "bridge_all"} {
		if c.flag(k) {
			return refuse(http.StatusNotImplemented, "Not simulated: POST %s op=deploy %s", c.request.URL.Path, k)
		}
	}
	series := strings.TrimSpace(c.get("distro_series"))
	osystem := strings.TrimSpace(c.get("osystem"))
	if series != "" {
		os, release, ok := strings.Cut(series, "/")
		if !ok {
			os, release = "ubuntu", series
			if osystem != "" {
				os = osystem
			}
		}
		if !contains(s.releases(), os+"/"+release) {
			return badField("distro_series", "'%s' is not a valid distro_series.  It should be one of: %s.", series,
				quotedList(append([]string{""}, sorted(s.releases())...)))
		}
		osystem, series = os, release
	} else {
		osystem, _ = s.config["default_osystem"].(string)
		series, _ = s.config["default_distro_series"].(string)
	}
	// The series is noted before the checks, so that a refusal by them leaves nothing of it.
	oldOS, oldSeries, oldKernel := m.osystem, m.series, m.kernel
	m.osystem, m.series = osystem, series
	// A kernel that an earlier deployment chose stays, until the machine is released.
	if m.kernel == nil || c.get("hwe_kernel") != "" || !s.canRun(osystem+"/"+series, *m.kernel) {
		kernel := s.kernelFor(osystem+"/"+series, c.get("hwe_kernel"), m.minKernel)
		m.kernel = &kernel
	}
	if name := c.get("agent_name"); name != "" {
		m.agentName = &name
	}
	if err := s.startDeployment(c, m); err != nil {
		m.osystem, m.series, m.kernel = oldOS, oldSeries, oldKernel
		return err
	}
	m.userData = c.get("user_data")
	return nil
}

// startDeployment checks what a deployment needs, then begins it. A refusal changes nothing.
func (s *Server) startDeployment(c *call, m *machine) error {
	osystem, series := m.osystem, m.series
	if series == "" {
		osystem, _ = s.config["default_osystem"].(string)
		series, _ = s.config["default_distro_series"].(string)
	}
	if !m.hasRoot() {
		return bareField("storage", "Mount the root '/' filesystem to be able to deploy this node.")
	}
	if why := m.networkProblem(); why != "" {
		return bareField("network", why)
	}
	if !s.rackUp || !s.imageSynced(osystem+"/"+series) {
		return refuse(http.StatusBadRequest, "Deployment operating system %s %s is unavailable.", osystem, series)
	}
	if m.status == statusReady {
		s.acquire(c.user, m)
	}
	if err := s.claimAddresses(m); err != nil {
		return err
	}
	m.image = osystem + "/" + series // and what nobody named is not shown
	if m.kernel == nil {
		k := s.kernelFor(osystem+"/"+series, "", m.minKernel)
		m.kernel = &k
	}
	m.netboot = true
	m.sets = append(m.sets, s.newSet(setInstallation, []*script{{name: curtinLog, kind: setInstallation}}))
	s.event(m, levelDebug, "User starting deployment", comment(c), c.user)
	s.transition(m, statusDeploying)
	s.happens(m, "Deploying", "")
	if !m.manual() {
		s.change(m, world.CommandCycle, nil, func(problem string) { s.markFailed(m, statusFailedDeployment, problem) })
	}
	return nil
}

// bareField is a refusal with the content type of the deployment checks, which has no charset.
func bareField(field, why string) error { return badModel(field, "%s", why) }

// networkProblem says why the network configuration can't be deployed; "" when it can.
func (m *machine) networkProblem() string {
	any := false
	for _, i := range m.interfaces {
		for _, l := range i.links {
			any = any || l.mode != modeLinkUp
		}
	}
	switch {
	case !any && len(m.interfaces) == 0:
		return "Node must be configured to use a network"
	case !any:
		return "Node has no address family in common with the server"
	}
	return ""
}

// release is op=release.
func (s *Server) release(c *call, m *machine) error {
	if m.status.in(statusReady, statusReleasing) {
		return nil
	}
	if !m.status.in(canRelease...) {
		return refuse(http.StatusConflict, "Machine cannot be released in its current state ('%s').", m.status)
	}
	if !s.rackUp && !m.manual() {
		s.happens(m, "Releasing", "") // the event outlives the refusal
		return s.noRack()
	}
	if s.version.atLeast(5) && c.get("scripts") != "" {
		return refuse(http.StatusNotImplemented, "Not simulated: POST %s op=release scripts", c.request.URL.Path)
	}
	erase, _ := s.config["enable_disk_erasing_on_release"].(bool)
	if c.has("erase") {
		erase = c.flag("erase")
	}
	s.event(m, levelDebug, "User releasing node", comment(c), c.user)
	if erase {
		s.startErase(m)
	} else {
		s.startRelease(m)
	}
	return nil
}

func (s *Server) startErase(m *machine) {
	message := m.message
	m.epoch++
	s.transition(m, statusErasing)
	m.message = message
	if !m.manual() {
		s.change(m, world.CommandCycle, nil, func(problem string) { s.markFailed(m, statusFailedErasing, problem) })
	}
}

// startRelease stops the machine; only when its power is seen off is it free.
func (s *Server) startRelease(m *machine) {
	m.osystem, m.series, m.kernel, m.agentName, m.userData = "", "", nil, nil, ""
	m.netboot = true
	m.owned = map[string]string{}
	s.freeAddresses(m)
	s.transition(m, statusReleasing)
	s.happens(m, "Releasing", "")
	if m.manual() || m.powerState == "off" {
		s.released(m)
		return
	}
	s.change(m, world.CommandOff, func() {
		if m.status == statusReleasing {
			s.released(m)
		}
	}, func(problem string) { s.markFailed(m, statusFailedReleasing, problem) })
}

func (s *Server) released(m *machine) {
	m.owner = nil
	to := statusReady
	if !m.lastCommissioningPassed() {
		to = statusNew
	}
	s.transition(m, to)
	s.happens(m, "Released", "")
}

// releaseMany is POST machines/ op=release: all or none.
func (s *Server) releaseMany(c *call) (any, error) {
	var found []*machine
	var unknown, illegal []string
	for _, id := range c.list("machines") {
		m := s.machineByID(id)
		switch {
		case m == nil:
			unknown = append(unknown, id)
		case m.locked || (!c.user.admin && m.owner != c.user):
			return nil, refuse(http.StatusForbidden, "You don't have the required permission to release the following machine(s): %s.", id)
		case !m.status.in(canRelease...) && !m.status.in(statusReady, statusReleasing):
			illegal = append(illegal, text("%s ('%s')", id, m.status))
		default:
			found = append(found, m)
		}
	}
	if len(unknown) > 0 {
		return nil, refuse(http.StatusBadRequest, "Unknown machine(s): %s.", strings.Join(unknown, ", "))
	}
	if len(illegal) > 0 {
		return nil, refuse(http.StatusConflict, "Machine(s) cannot be released in their current state: %s.", strings.Join(illegal, ", "))
	}
	out := []string{}
	for _, m := range found {
		if m.status.in(statusReady, statusReleasing) {
			continue
		}
		if err := s.release(c, m); err != nil {
			return nil, err
		}
		out = append(out, m.systemID)
	}
	return out, nil
}
