package maas

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is the MAAS that a region plays: one of 3.3 to 3.7, as packages install it. The zero value is the 3.4.10 from source
// that the recordings are of; what is different in the others is from the sources of MAAS.
type Version struct{ minor, patch int }

var versionPattern = regexp.MustCompile(`^3\.([3-7])(?:\.(\d{1,3}))?$`)

// ParseVersion reads a version such as "3.6" or "3.6.2"; "" is the default. An error says which versions there are.
func ParseVersion(given string) (Version, error) {
	if given == "" {
		return Version{}, nil
	}
	found := versionPattern.FindStringSubmatch(given)
	if found == nil {
		return Version{}, fmt.Errorf("simulate MAAS %q: give one of 3.3 to 3.7, such as 3.6 or 3.6.2", given)
	}
	minor, _ := strconv.Atoi(found[1]) // digits, by the pattern
	patch, _ := strconv.Atoi(found[2]) // or nothing, which is 0
	return Version{minor, patch}, nil
}

func (v Version) String() string {
	if v == (Version{}) {
		return "3.4.10"
	}
	return fmt.Sprintf("3.%d.%d", v.minor, v.patch)
}

// atLeast reports whether the version is 3.minor or later.
func (v Version) atLeast(minor int) bool {
	if v == (Version{}) {
		return minor <= 4
	}
	return v.minor >= minor
}

// subversion is the build. The recorded region answers none; packages of other versions answer one of this form.
func (v Version) subversion() string {
	if !v.packaged() {
		return ""
	}
	return fmt.Sprintf("%d-g.%09x", 13000+1100*(v.minor-3)+v.patch, 0xd00d0000+v.minor<<8+v.patch)
}

// build is how a controller names its version.
func (v Version) build() string {
	if v == (Version{}) {
		return "3.4.10-14400-g.0000000"
	}
	return v.String() + "-" + v.subversion()
}

// versionBody is GET version/.
func (s *Server) versionBody() obj {
	return obj{"version": s.version.String(), "subversion": s.version.subversion(), "capabilities": []string{"networks-management",
		"static-ipaddresses", "ipv6-deployment-ubuntu", "devices-management", "storage-deployment-ubuntu",
		"network-deployment-ubuntu", "bridging-interface-ubuntu", "bridging-automatic-ubuntu", "authenticate-api"}}
}

// packaged reports whether this is a region as it is installed from packages. The recorded one ran from source, and leaves out
// a field that Juju's client can't do without.
func (v Version) packaged() bool { return v != Version{} }

// addressFields adds the addresses of a node to its body.
func (s *Server) addressFields(b obj, m *machine) {
	if !s.version.packaged() {
		return
	}
	out := []string{}
	for _, i := range m.interfaces {
		for _, l := range i.links {
			if l.ip.IsValid() {
				out = append(out, l.ip.String())
			}
		}
	}
	b["ip_addresses"] = out
}

// versionFields makes a machine's body that of the version: what later ones have, and without what earlier ones lack.
func (s *Server) versionFields(b obj, m *machine) {
	s.addressFields(b, m)
	if !s.version.atLeast(4) {
		delete(b, "enable_hw_sync")
		delete(b, "ephemeral_deploy")
	}
	if s.version.atLeast(5) {
		b["error_description"] = ""
	}
	if s.version.atLeast(6) {
		b["is_dpu"] = false
	}
}
