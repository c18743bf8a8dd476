package maas

import "drydock/simulator/world"

// Prepare makes a machine of the world known and commissioned at once, off and Ready.
func (s *Server) Prepare(name string) (id string) {
	wm, _ := s.world.Machine(name)
	s.locked(func() {
		s.enlisted(wm, world.Netboot{Machine: wm, MAC: wm.Hardware().PXENIC})
		m := s.machines[len(s.machines)-1]
		m.sets = append(m.sets, s.newSet(setCommissioning, s.commissioningScripts()))
		m.finishSet(setCommissioning, true, "", "")
		s.inventory(m, wm)
		m.status, m.powerState = statusReady, "off"
		id = m.systemID
	})
	return id
}

// PrepareTested is Prepare, with tests that the machine has passed and a host name.
func (s *Server) PrepareTested(name, hostname string) (id string) {
	id = s.Prepare(name)
	s.settleTests(id)
	s.locked(func() { s.machineByID(id).hostname = hostname })
	return id
}

func (s *Server) settleTests(id string) {
	s.locked(func() {
		m := s.machineByID(id)
		m.sets = append(m.sets, s.newTestSet(m, s.scripts[len(s.scripts)-1:]))
		m.finishSet(setTesting, true, "", "")
		s.happens(m, "Ready", "")
	})
}

// SetStatus puts a machine into a state without going there; an owner is set where the state implies one.
func (s *Server) SetStatus(id string, st int) {
	s.locked(func() {
		m := s.machineByID(id)
		m.status, m.previous, m.powerState, m.locked, m.osystem = status(st), statusReady, "off", false, ""
		m.epoch++
		m.owner = nil
		if !m.status.in(statusNew, statusCommissioning, statusFailedCommissioning, statusMissing, statusReady, statusReserved,
			statusRetired, statusBroken, statusTesting, statusFailedTesting) {
			m.owner = s.accounts.users[0]
		}
		s.defaultLayout(m)
	})
}

// PrepareRecorded makes a Ready machine with the four NICs and three disks of the machines that were recorded, and returns its
// id. Each NIC is on a fabric of its own, as after commissioning on unknown networks.
func (s *Server) PrepareRecorded(name, hostname string, macs []string) (id string) {
	id = s.Prepare(name)
	s.locked(func() {
		m := s.machineByID(id)
		m.hostname, m.bootFirm, m.uuid, m.interfaces, m.disks = hostname, nil, nil, nil, nil
		for n, mac := range macs {
			f := s.newFabric("", "")
			i := &iface{name: text("eth%d", n), kind: kindPhysical, mac: mac, connected: true, vendor: "vendor", product: "product", firmware: "1", vlan: f.untagged, links: []*link{s.newLink(modeLinkUp, nil)}}
			s.addInterface(m, i)
			if n == 0 {
				m.bootInterface, i.links = i, []*link{s.newLink(modeDHCP, nil)}
			}
		}
		for n, size := range []int64{1600321314816, 480103981056, 4000787030016} {
			disk := []string{"nvme0n1", "sda", "sdb"}[n]
			m.disks = append(m.disks, &blockDevice{id: s.id("device"), title: disk, kind: devicePhysical, size: size, blockSize: 512,
				idPath: "/dev/disk/by-id/" + disk, model: "disk", serial: "S" + disk, tags: [][]string{{"ssd"}, {"ssd", "sata"}, {"rotary", "7200rpm", "sata"}}[n]})
		}
		m.bootDisk = nil
		s.defaultLayout(m)
	})
	s.settleTests(id)
	return id
}

// SetDeployed puts a machine into the state of one that was deployed and runs.
func (s *Server) SetDeployed(id, osystem, series, kernel string) {
	s.locked(func() {
		m := s.machineByID(id)
		m.osystem, m.series, m.kernel, m.image = osystem, series, &kernel, osystem+"/"+series
		m.netboot, m.powerState = false, "on"
		s.happens(m, "Deployed", "")
	})
}

// PassTests ends the tests of a machine.
func (s *Server) PassTests(id string) {
	s.locked(func() {
		m := s.machineByID(id)
		m.startSet(setTesting)
		m.finishSet(setTesting, true, "", "")
	})
}

// Disown makes ranges nobody's, as those are that a region's first configuration brings.
func (s *Server) Disown() {
	s.locked(func() {
		for _, r := range s.net.ranges {
			r.user = nil
		}
	})
}
