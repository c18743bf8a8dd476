package bootaction

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// unit is a systemd unit to enable.
type unit struct {
	name string
	// enable is what systemctl enable is given: the name, or the path of a unit that lies where systemd does not look.
	enable string
}

var (
	unitSuffixes = []string{".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".slice"}
	unitDirs     = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}
)

// unitOf says which unit an asset of type unit is. A drop-in (x.service.d/y.conf) is read with its unit and not enabled.
func unitOf(p string) (u unit, enable bool, err error) {
	name, dir := path.Base(p), path.Dir(p)
	if strings.HasSuffix(dir, ".d") && strings.HasSuffix(name, ".conf") {
		return unit{}, false, nil
	}
	if suffix := path.Ext(name); !slices.Contains(unitSuffixes, suffix) || name == suffix {
		return unit{}, false, fmt.Errorf("%q is not the name of a systemd unit: it ends in none of %s", name, strings.Join(unitSuffixes, " "))
	}
	if slices.Contains(unitDirs, dir) {
		return unit{name: name, enable: name}, true, nil
	}
	return unit{name: name, enable: p}, true, nil
}

// unitCommands are the commands that make systemd know, enable and start the units.
//
// Starting does not wait (--no-block): the commands run within cloud-init, which is itself part of the boot, and a unit
// ordered after cloud-init.target or multi-user.target would wait for it while it waits for the unit.
func unitCommands(reload bool, units []unit) [][]string {
	if !reload {
		return nil
	}
	commands := [][]string{{"systemctl", "daemon-reload"}}
	for _, u := range units {
		commands = append(commands, []string{"systemctl", "enable", u.enable})
	}
	for _, u := range units {
		// A template unit (x@.service) has no instance to start.
		if !strings.Contains(u.name, "@.") {
			commands = append(commands, []string{"systemctl", "start", "--no-block", u.name})
		}
	}
	return commands
}
