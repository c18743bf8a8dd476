package ipmi

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/simulator/world"
)

// Boot option parameters, IPMI 2.0 table 28-14.
const (
	paramSetInProgress = 0
	paramValidClearing = 3
	paramAcknowledge   = 4
	paramBootFlags     = 5
)

// Bits of the boot flags: the first byte, and the device selector in the second.
const (
	flagValid      = 0x80
	flagPersistent = 0x40
	flagEFI        = 0x20
	selectorShift  = 2
	selectorMask   = 0x0f
)

// keepOnTimeout is the bit of parameter 3 that keeps the valid bit when no chassis control follows.
const keepOnTimeout = 0x08

// selectors are the boot devices that the firmware knows, by the device selector of the boot flags.
var selectors = map[byte]string{
	1: world.BootPXE, 2: world.BootDisk, 5: world.BootCDROM, 6: world.BootBIOS,
}

// bootOptions keeps the boot options as they were written, bit for bit, and makes the world's override what they say.
type bootOptions struct {
	machine *world.Machine
	timeout time.Duration

	mu     sync.Mutex
	values map[byte][]byte // by parameter
	locked map[byte]bool   // marked invalid by bit 7 of the parameter selector
	timer  *time.Timer     // of the valid bit; nil when it does not run
	ended  bool
}

func newBootOptions(m *world.Machine, timeout time.Duration) *bootOptions {
	if timeout <= 0 {
		timeout = time.Minute
	}
	return &bootOptions{machine: m, timeout: timeout, locked: map[byte]bool{}, values: map[byte][]byte{
		paramSetInProgress: {0}, paramValidClearing: {0}, paramAcknowledge: {0, 0}, paramBootFlags: {0, 0, 0, 0, 0},
	}}
}

func (b *bootOptions) register(r *handlers.Registry) {
	r.RegisterFunc(types.CommandSetSystemBootOptions, b.set)
	r.RegisterFunc(types.CommandGetSystemBootOptions, b.get)
}

// set is Set System Boot Options (Chassis 08h).
func (b *bootOptions) set(_ context.Context, _ *handlers.HandlerContext, req []byte) ([]byte, types.CompletionCode, error) {
	if len(req) < 1 {
		return nil, types.CodeRequestDataTruncated, nil
	}
	param, data := req[0]&0x7f, req[1:]
	b.mu.Lock()
	defer b.mu.Unlock()
	value, known := b.values[param]
	if !known || b.ended {
		return nil, types.CodeParameterNotSupported, nil
	}
	b.locked[param] = req[0]&0x80 != 0
	if len(data) == 0 {
		return nil, types.CodeOK, nil // only marks the parameter valid or invalid
	}
	if len(data) < len(value) {
		return nil, types.CodeRequestDataTruncated, nil
	}
	b.values[param] = slices.Clone(data[:len(value)])
	if param == paramBootFlags {
		b.apply()
	}
	return nil, types.CodeOK, nil
}

// get is Get System Boot Options (Chassis 09h).
func (b *bootOptions) get(_ context.Context, _ *handlers.HandlerContext, req []byte) ([]byte, types.CompletionCode, error) {
	if len(req) < 1 {
		return nil, types.CodeRequestDataTruncated, nil
	}
	param := req[0] & 0x7f
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.values[param]; !known {
		return nil, types.CodeParameterNotSupported, nil
	}
	if param == paramBootFlags {
		b.reconcile()
	}
	selector := param
	if b.locked[param] {
		selector |= 0x80
	}
	return append([]byte{1, selector}, b.values[param]...), types.CodeOK, nil
}

// apply makes the override of the world what the flags say, and starts the clock on them. It is called with the lock held.
func (b *bootOptions) apply() {
	b.machine.SetBootOverride(overrideOf(b.values[paramBootFlags]))
	b.stopTimer()
	if b.values[paramBootFlags][0]&flagValid == 0 || b.values[paramValidClearing][0]&keepOnTimeout != 0 {
		return
	}
	flags := b.values[paramBootFlags]
	b.timer = time.AfterFunc(b.timeout, func() { b.expire(flags) })
}

// expire clears the valid bit of flags that no chassis control followed; of those only, and not of later ones.
func (b *bootOptions) expire(flags []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || b.timer == nil || &flags[0] != &b.values[paramBootFlags][0] {
		return
	}
	b.timer = nil
	if b.machine.BootOverride() == overrideOf(flags) {
		b.machine.SetBootOverride(world.BootOverride{})
	}
	flags[0] &^= flagValid
}

// used tells that a chassis control command came: the flags are not stale.
func (b *bootOptions) used() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopTimer()
}

func (b *bootOptions) stopTimer() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

func (b *bootOptions) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.stopTimer()
}

// reconcile brings the flags up to date with the world: a boot may have consumed the override, or somebody else (the
// bootstrapper, through this controller) may have set another. It is called with the lock held.
func (b *bootOptions) reconcile() {
	flags := b.values[paramBootFlags]
	now := b.machine.BootOverride()
	switch {
	case now == overrideOf(flags):
	case now.Target == world.BootNone:
		flags[0] &^= flagValid
	default:
		b.values[paramBootFlags] = flagsOf(now)
	}
}

// overrideOf is what the flags mean to the firmware. A device that it does not know is no override.
func overrideOf(flags []byte) world.BootOverride {
	target := selectors[flags[1]>>selectorShift&selectorMask]
	if flags[0]&flagValid == 0 || target == world.BootNone {
		return world.BootOverride{}
	}
	return world.BootOverride{Target: target, Once: flags[0]&flagPersistent == 0, UEFI: flags[0]&flagEFI != 0}
}

func flagsOf(o world.BootOverride) []byte {
	flags := []byte{flagValid, 0, 0, 0, 0}
	if !o.Once {
		flags[0] |= flagPersistent
	}
	if o.UEFI {
		flags[0] |= flagEFI
	}
	for selector, target := range selectors {
		if target == o.Target {
			flags[1] = selector << selectorShift
		}
	}
	return flags
}
