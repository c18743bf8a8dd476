package world

// Firmware is how a machine's firmware setup is set as far as booting goes. An override may say otherwise for a boot.
type Firmware struct {
	UEFI bool // boots in UEFI mode rather than legacy
	// PXE are the MACs of the NICs that boot from the network, in the order in which they are tried. The simulated network
	// answers on any of them, so only the first is ever tried.
	PXE []string
}

func (f Firmware) clone() Firmware {
	f.PXE = append([]string(nil), f.PXE...)
	return f
}

// Firmware is what is in force. A machine comes with that of its hardware: its boot mode, and the one NIC that boots.
func (m *Machine) Firmware() Firmware {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.firmware.clone()
}

// PendingFirmware is what will be in force after the next reset: what is in force, where nothing was staged.
func (m *Machine) PendingFirmware() Firmware {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.staged != nil {
		return m.staged.clone()
	}
	return m.firmware.clone()
}

// StageFirmware has the firmware take over settings when the machine next begins POST.
func (m *Machine) StageFirmware(f Firmware) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f = f.clone()
	m.staged = &f
}

// SetFirmware puts settings in force at once, as the factory does.
func (m *Machine) SetFirmware(f Firmware) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.firmware, m.staged = f.clone(), nil
}
