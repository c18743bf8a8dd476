package config

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
)

// How MAAS is to erase disks when a node is destroyed (MAAS: release, erase, secure_erase, quick_erase).
const (
	EraseQuick  = "quick"
	EraseSecure = "secure"
	EraseFull   = "full"
	EraseNone   = "none"
	EraseRegion = "region"
)

// What becomes of a machine whose deployment failed.
const (
	FailedKeep    = "keep"
	FailedRetry   = "retry"
	FailedRelease = "release"
)

// storageLayouts are those that MAAS takes as default_storage_layout.
var storageLayouts = []string{"bcache", "blank", "custom", "flat", "lvm", "vmfs6", "vmfs7"}

var (
	// agentName is what stays the same in a query, a log and a form.
	agentName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	// scriptWord is the name or a tag of a script.
	scriptWord = regexp.MustCompile(`^[A-Za-z0-9_@+=:.-]{1,255}$`)
)

// check finds what can't be meant. It never quotes the URL or the key.
func (m MAAS) check(bad func(key, format string, args ...any)) {
	if m.URL != "" {
		if err := checkMAASURL(m.URL); err != nil {
			bad("drivers.maas.url", "%v", err)
		}
	}
	if key := m.APIKey.Reveal(); key != "" && !isMAASKey(key) {
		bad("drivers.maas.api_key", "must be three parts joined by colons, as MAAS shows it: consumer:token:secret")
	}
	one := func(key, value string, of ...string) {
		if !slices.Contains(of, value) {
			bad("drivers.maas."+key, "must be one of %s", strings.Join(of, ", "))
		}
	}
	one("erase", m.Erase, EraseQuick, EraseSecure, EraseFull, EraseNone, EraseRegion)
	one("failed_deployment", m.FailedDeployment, FailedKeep, FailedRetry, FailedRelease)
	one("storage_layout", m.StorageLayout, storageLayouts...)
	if m.Connections < 1 {
		bad("drivers.maas.connections", "must be at least 1")
	}
	if !agentName.MatchString(m.AgentName) {
		bad("drivers.maas.agent_name", "must be 1 to 64 letters, digits, dots, dashes and underscores")
	}
	for key, words := range map[string][]string{"commissioning_scripts": m.CommissioningScripts, "testing_scripts": m.TestingScripts} {
		for i, w := range words {
			if !scriptWord.MatchString(w) {
				bad(fmt.Sprintf("drivers.maas.%s[%d]", key, i), "must be the name or a tag of a script")
			}
		}
		if slices.Contains(words, "none") && len(words) > 1 {
			bad("drivers.maas."+key, "must hold nothing besides none, which means that no script is to run")
		}
	}
}

// lacks is what the worker needs of the region's configuration. The directory of scripts has to be on its host alone, so
// that only the worker looks for it.
func (m MAAS) lacks() Problems {
	var ps Problems
	if m.URL == "" {
		ps = append(ps, missing("drivers.maas.url", "the address of the MAAS region, such as http://maas.example:5240/MAAS"))
	}
	if m.APIKey == "" {
		ps = append(ps, missing("drivers.maas.api_key", "the key that \"maas apikey\" prints; drivers.maas.api_key_file may name a file that holds it"))
	}
	if m.Scripts != "" {
		if _, err := os.ReadDir(m.Scripts); err != nil {
			ps = append(ps, Problem{Key: "drivers.maas.scripts", Text: fmt.Sprintf("must be a directory of scripts: %s: %v", m.Scripts, cause(err))})
		}
	}
	return ps
}

// checkMAASURL never quotes the URL: it could hold a password.
func checkMAASURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("must be a URL such as http://maas.example:5240/MAAS")
	case u.User != nil:
		return fmt.Errorf("must not hold a user or password: the key belongs into drivers.maas.api_key")
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("must not have a query or fragment")
	}
	return nil
}

func isMAASKey(key string) bool {
	parts := strings.Split(key, ":")
	return len(parts) == 3 && !slices.Contains(parts, "")
}
