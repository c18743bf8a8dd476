package maas

import (
	"slices"

	"drydock/simulator/world"
)

// netboot is the rack's answer to a PXE request.
func (s *Server) netboot(n world.Netboot) (e world.Environment) {
	s.locked(func() {
		if !s.rackUp || !s.servesDHCP(n) {
			return
		}
		m := s.machineByMAC(n.MAC)
		if m == nil {
			e = s.enlistment(n)
			return
		}
		m.bootFirm = "pxe"
		if n.UEFI {
			m.bootFirm = "uefi"
		}
		if i := m.interfaceByMAC(n.MAC); i != nil {
			m.bootInterface = i
		}
		s.event(m, levelDebug, "Performing PXE boot", m.status.String(), nil)
		e = s.environment(m, n.Machine)
	})
	return e
}

// environment is what a known machine gets, by its status.
func (s *Server) environment(m *machine, wm *world.Machine) world.Environment {
	e := s.environmentOf(m, wm)
	if !slices.Contains(environments, e.Kind) || m.status.in(statusEnteringRescue, statusRescue) {
		return e
	}
	started := e.Started
	e.Started = func() {
		if started != nil {
			started()
		}
		s.locked(func() {
			if s.befalls(m, PowerLost, e.Kind, nil) != nil {
				s.shutDown(wm)
			}
		})
	}
	return e
}

func (s *Server) environmentOf(m *machine, wm *world.Machine) world.Environment {
	epoch := m.epoch
	during := map[status]world.EnvironmentKind{statusCommissioning: world.EnvCommission, statusTesting: world.EnvTest,
		statusErasing: world.EnvErase, statusDeploying: world.EnvInstall}[m.status]
	// Reports of an environment count only while the machine is in the state that it was booted for.
	report := func(f func(ok bool, reason string)) func(bool, string) {
		return func(ok bool, reason string) {
			s.locked(func() {
				if m.epoch == epoch && !s.deaf(m, during) {
					f(ok, reason)
				}
			})
		}
	}
	switch m.status {
	case statusCommissioning:
		return world.Environment{Kind: world.EnvCommission, Then: world.AfterStay,
			Started: func() { s.locked(func() { m.startSet(setCommissioning) }) },
			Done:    report(func(ok bool, why string) { s.commissioned(m, wm, ok, why) })}
	case statusTesting:
		return world.Environment{Kind: world.EnvTest, Then: world.AfterStay,
			Started: func() { s.locked(func() { m.startSet(setTesting) }) },
			Done:    report(func(ok bool, why string) { s.tested(m, wm, ok, why) })}
	case statusEnteringRescue, statusRescue:
		// The world has no kind of its own for a rescue environment: it is an ephemeral one that stays.
		return world.Environment{Kind: world.EnvTest, Then: world.AfterStay, Started: func() {
			s.locked(func() {
				if m.status == statusEnteringRescue {
					s.transition(m, statusRescue)
					s.happens(m, "Rescue mode", "")
				}
			})
		}}
	case statusErasing:
		return world.Environment{Kind: world.EnvErase, Then: world.AfterStay,
			Done: report(func(ok bool, why string) { s.erased(m, wm, ok, why) })}
	case statusDeploying:
		if !m.netboot {
			return world.Environment{Kind: world.EnvLocal}
		}
		return world.Environment{Kind: world.EnvInstall, Then: world.AfterReboot,
			Started: func() { s.locked(func() { m.startSet(setInstallation) }) },
			Done:    report(func(ok bool, why string) { s.installed(m, wm, ok, why) })}
	}
	// A MAAS tells all others to boot from disk, or to power off: with the world's vocabulary that is the next device.
	return world.Environment{Kind: world.EnvLocal}
}

// shutDown is a machine's own power-off at the end of an environment: no BMC is involved.
func (s *Server) shutDown(wm *world.Machine) {
	s.afterCommit(func() { _ = wm.Command(world.OriginPerson, world.CommandOff) })
}

// enlistment lets an unknown machine introduce itself.
func (s *Server) enlistment(n world.Netboot) world.Environment {
	if s.ephemeralReady() != nil {
		return world.Environment{}
	}
	wm := n.Machine
	return world.Environment{Kind: world.EnvEnlist, Then: world.AfterPowerOff, Done: func(ok bool, _ string) {
		s.locked(func() {
			if ok && s.machineByMAC(n.MAC) == nil {
				s.enlisted(wm, n)
			}
		})
	}}
}

// enlisted makes the record of a machine that has introduced itself: random name, its MACs, and its BMC with an account
// that the enlistment environment has just made there.
func (s *Server) enlisted(wm *world.Machine, n world.Netboot) {
	h := wm.Hardware()
	m := s.newMachine()
	m.hostname = s.newHostname()
	m.architecture = h.Arch + "/generic"
	m.bootFirm = "pxe"
	if n.UEFI {
		m.bootFirm = "uefi"
	}
	m.uuid = orNull(h.UUID)
	s.powerFromHardware(m, wm)
	s.machines = append(s.machines, m)
	for _, nic := range h.NICs {
		if s.machineByMAC(nic.MAC) != nil {
			continue
		}
		i := &iface{name: nic.Name, kind: kindPhysical, mac: nic.MAC, connected: true, speed: nic.SpeedMbps}
		s.addInterface(m, i)
		if nic.MAC == n.MAC {
			m.bootInterface = i
			i.vlan = s.vlanOf(nic)
		}
	}
	s.event(m, levelDebug, "Node changed status", "From '' to 'New'", nil)
	s.log.Info("machine enlisted", "system_id", m.systemID, "hostname", m.hostname)
}

// powerFromHardware fills in the power parameters as enlistment and commissioning do from within the machine.
func (s *Server) powerFromHardware(m *machine, wm *world.Machine) {
	bmc := wm.Hardware().BMC
	if (bmc.Type != "ipmi" && bmc.Type != "redfish") || bmc.Address == "" {
		if m.powerType == "" {
			m.powerType, m.power = "manual", map[string]any{}
		}
		return
	}
	account, ok := s.bmcs[bmc.Address]
	if !ok {
		account = credentials{"maas", s.randomText(keyLetters, 16)}
		s.bmcs[bmc.Address] = account
	}
	m.powerType = bmc.Type
	m.power = map[string]any{}
	for _, f := range powerTypeByName(bmc.Type).fields {
		m.power[f.name] = f.value
	}
	m.power["power_address"], m.power["power_user"], m.power["power_pass"] = bmc.Address, account.user, account.password
	if bmc.Type == "ipmi" {
		m.power["mac_address"] = bmc.MAC
		m.power["privilege_level"] = "ADMIN"
	} else {
		m.power["node_id"] = ""
	}
	m.bmcReached = true
}

// commissioned takes the results of a commissioning environment.
func (s *Server) commissioned(m *machine, wm *world.Machine, ok bool, why string) {
	script := ""
	if ok {
		if name, said, failed := s.failedScript(m, setCommissioning, world.EnvCommission); failed {
			ok, script, why = false, name, said
		}
	}
	if !ok {
		m.finishSet(setCommissioning, false, script, why)
		m.abortPending(resultAborted)
		s.transition(m, statusFailedCommissioning)
		s.happens(m, "Failed commissioning", "")
		return
	}
	m.finishSet(setCommissioning, true, "", "")
	if !m.afterwards.skipBMC {
		s.powerFromHardware(m, wm)
	}
	s.inventory(m, wm)
	if len(m.afterwards.tests) > 0 {
		s.retarget(m)
		s.remember(m)
		m.previous = statusReady
		s.transition(m, statusTesting)
		s.afterCommit(func() {
			wm.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true, UEFI: wm.Hardware().BootMode == "uefi"})
			_ = wm.Command(world.OriginPerson, world.CommandReset)
		})
		return
	}
	m.owner = nil
	s.transition(m, statusReady)
	s.happens(m, "Ready", "")
	if !m.afterwards.enableSSH {
		s.shutDown(wm)
	}
}

// tested takes the results of a testing environment.
func (s *Server) tested(m *machine, wm *world.Machine, ok bool, why string) {
	for _, r := range m.latest(setTesting).resultsOrNone() {
		s.happens(m, "Running test", r.title())
	}
	script := ""
	if ok {
		if name, said, failed := s.failedScript(m, setTesting, world.EnvTest); failed {
			ok, script, why = false, name, said
		}
	}
	m.finishSet(setTesting, ok, script, why)
	if !ok {
		s.transition(m, statusFailedTesting)
		s.happens(m, "Failed testing", "")
		return
	}
	to := m.back()
	switch to {
	case statusReady:
		m.owner = nil
		s.transition(m, to)
		s.happens(m, "Ready", "")
	default:
		s.transition(m, to)
	}
	if !m.afterwards.enableSSH {
		s.shutDown(wm)
	}
}

// installed takes the report of an installer.
func (s *Server) installed(m *machine, wm *world.Machine, ok bool, why string) {
	if !ok {
		m.finishSet(setInstallation, false, "", why)
		s.markFailed(m, statusFailedDeployment, "Installation failed (refer to the installation log for more information).")
		return
	}
	m.finishSet(setInstallation, true, "", "")
	m.netboot = false
	s.happens(m, "Image Deployed", text("deployed %s/%s", m.image, m.architecture))
	s.imageUsed(m.image)
	image := m.image
	s.afterCommit(func() { wm.InstallSystem(image) })
}

// systemBooted is an installed system's first word after a boot: it asks for its user data, which ends a deployment.
func (s *Server) systemBooted(wm *world.Machine) {
	m := s.machineByMAC(wm.Hardware().PXENIC)
	if m != nil && m.status == statusDeploying && !m.netboot && !s.deaf(m, world.EnvInstall) {
		s.transition(m, statusDeployed)
		s.happens(m, "Deployed", "")
		m.powerState = "on"
	}
}

// erased takes the report of the disk eraser and goes on to release the machine.
func (s *Server) erased(m *machine, wm *world.Machine, ok bool, why string) {
	if !ok {
		s.markFailed(m, statusFailedErasing, "Failed to erase disks.")
		s.log.Info("erasing failed", "system_id", m.systemID, "reason", why)
		return
	}
	s.happens(m, "Disks erased", "")
	s.afterCommit(wm.EraseDisks)
	m.powerState = "on"
	s.startRelease(m)
}
