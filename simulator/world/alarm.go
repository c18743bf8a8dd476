package world

import (
	"fmt"
	"time"
)

// Alarm is what the management controller has to say about the hardware. It lasts as long as its fault.
type Alarm struct {
	Fault    Fault
	Critical bool // else it is a warning
	Disk     int  // index of the disk that it is about; -1 for none
	Text     string
	Since    time.Time
}

// Alarms are those of the faults that are on, in a fixed order.
func (m *Machine) Alarms() []Alarm {
	m.mu.Lock()
	defer m.mu.Unlock()
	disk := "Drive 0"
	if len(m.hardware.Disks) > 0 {
		disk = fmt.Sprintf("Drive 0 (%s)", m.hardware.Disks[0].Serial)
	}
	var out []Alarm
	for _, a := range []Alarm{
		{Fault: FaultDriveFailed, Critical: true, Text: disk + " has failed"},
		{Fault: FaultDriveWorn, Text: disk + " predicts its failure"},
		{Fault: FaultOverheated, Critical: true, Disk: -1, Text: "CPU1 Temp is above its upper critical threshold"},
	} {
		if m.faults[a.Fault] {
			a.Since = m.since[a.Fault]
			out = append(out, a)
		}
	}
	return out
}
