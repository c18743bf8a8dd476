package ipmi

import (
	"context"
	"encoding/binary"

	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/simulator/world"
)

// events are the system event records (IPMI 2.0, table 32-1) of a machine's alarms, in the order of their ids, which begin
// at 1.
func events(m *world.Machine) [][]byte {
	var out [][]byte
	for i, a := range m.Alarms() {
		record := make([]byte, 16)
		binary.LittleEndian.PutUint16(record, uint16(i+1))
		record[2] = 0x02 // a system event
		binary.LittleEndian.PutUint32(record[3:], uint32(a.Since.Unix()))
		record[7], record[9] = 0x20, 0x04 // by the BMC, in the format of IPMI 2.0
		switch a.Fault {
		case world.FaultOverheated:
			record[10], record[11], record[12], record[13] = 0x01, 0x01, 0x01, 0x09 // temperature: upper critical, going high
		case world.FaultDriveWorn:
			record[10], record[11], record[12], record[13] = 0x0d, 0x60, 0x6f, 0x02 // drive slot: predictive failure
		default:
			record[10], record[11], record[12], record[13] = 0x0d, 0x60, 0x6f, 0x01 // drive slot: drive fault
		}
		record[14], record[15] = 0xff, 0xff
		out = append(out, record)
	}
	return out
}

// registerSEL adds the system event log (Storage 40h and 43h), which the reference BMC lacks.
func (b *BMC) registerSEL(r *handlers.Registry) {
	r.RegisterFunc(types.CommandGetSELInfo, func(context.Context, *handlers.HandlerContext, []byte) ([]byte, types.CompletionCode, error) {
		all := events(b.machine)
		out := make([]byte, 14)
		out[0] = 0x51
		binary.LittleEndian.PutUint16(out[1:], uint16(len(all)))
		binary.LittleEndian.PutUint16(out[3:], 0x1000)
		return out, types.CodeOK, nil
	})
	r.RegisterFunc(types.CommandGetSELEntry, func(_ context.Context, _ *handlers.HandlerContext, req []byte) ([]byte, types.CompletionCode, error) {
		if len(req) < 6 {
			return nil, types.CodeRequestDataLengthInvalid, nil
		}
		all, id := events(b.machine), int(binary.LittleEndian.Uint16(req[2:]))
		switch id {
		case 0x0000:
			id = 1
		case 0xffff:
			id = len(all)
		}
		if id < 1 || id > len(all) {
			return nil, types.CodeRequestedDataNotPresent, nil
		}
		next := uint16(0xffff)
		if id < len(all) {
			next = uint16(id + 1)
		}
		return append(binary.LittleEndian.AppendUint16(nil, next), all[id-1]...), types.CodeOK, nil
	})
}
