package maas

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"drydock/drivers"
)

const (
	// noScripts is the word for no script at all.
	noScripts = "none"
	// maxScripts and maxScript bound what a directory of scripts may hold: files, and bytes of each.
	maxScripts, maxScript = 200, 1 << 20
)

// scriptWord is what may name a script or a tag in a list that is separated by commas, and be a part of a path.
var scriptWord = regexp.MustCompile(`^[A-Za-z0-9_@+=:.-]{1,255}$`)

// kinds of scripts, with MAAS's numbers.
var scriptKinds = map[string]int{"commissioning_scripts": 0, "testing_scripts": 2}

// script is the part of a script's body (GET scripts/) that the driver uses. gomaasclient sends every flag of a script
// whether it is meant or not, which MAAS refuses where the script itself says otherwise; so that scripts go through the raw layer.
type script struct {
	Name        string   `json:"name"`
	Kind        int      `json:"type"`
	Tags        []string `json:"tags"`
	Builtin     bool     `json:"default"`
	Destructive bool     `json:"destructive"`
	History     []struct {
		ID   int    `json:"id"`
		Data string `json:"data"` // base64; only where it was asked for
	} `json:"history"`
}

// text is the newest revision of the script; "" where it was not asked for.
func (x *script) text() string {
	newest, data := -1, ""
	for _, r := range x.History {
		if r.ID > newest {
			newest, data = r.ID, r.Data
		}
	}
	text, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return ""
	}
	return string(text)
}

// selections are the configured words, by the parameter that they are for.
func (c *Config) selections() map[string][]string {
	return map[string][]string{"commissioning_scripts": c.CommissioningScripts, "testing_scripts": c.TestingScripts}
}

// checkScripts refuses words and a directory that can't be meant.
func (c *Config) checkScripts() error {
	for _, param := range keys(c.selections()) {
		words := c.selections()[param]
		for _, w := range words {
			if !scriptWord.MatchString(w) {
				return fmt.Errorf("%s: %q is no name or tag of a script", param, w)
			}
		}
		if slices.Contains(words, noScripts) && len(words) > 1 {
			return fmt.Errorf("%s: %s stands alone, as it means that no script is to run", param, noScripts)
		}
	}
	if c.Scripts == "" {
		return nil
	}
	if _, err := os.ReadDir(c.Scripts); err != nil {
		return fmt.Errorf("read directory of scripts: %w", err)
	}
	return nil
}

// scriptParams are the parameters of an operation that runs scripts; those that MAAS selects by itself are left out.
func (c *Config) scriptParams(params ...string) url.Values {
	out := url.Values{}
	for _, param := range params {
		if words := c.selections()[param]; len(words) > 0 {
			out.Set(param, strings.Join(words, ","))
		}
	}
	return out
}

// scriptsRefused is the error of an operation that runs scripts. What MAAS has against those is a matter of the
// configuration, and not of the design.
func (s *session) scriptsRefused(err error, format string, args ...any) error {
	failed := s.fail(err, format, args...)
	var a *answerError
	var e *drivers.Error
	if errors.As(err, &a) && errors.As(failed, &e) && (len(a.fields["commissioning_scripts"]) > 0 || len(a.fields["testing_scripts"]) > 0) {
		e.Class = drivers.NotFound
		e.Advice = "Run PrepareSite, which uploads and checks scripts, or correct drivers.maas.commissioning_scripts and testing_scripts."
	}
	return failed
}

// checkScripts looks for the configured scripts at MAAS (one GET scripts/, none where nothing is configured), and warns of
// those that destroy what is on disks.
func (s *session) checkScripts() (warnings []string, err error) {
	wanted := s.d.cfg.selections()
	for param, words := range wanted {
		if len(words) == 0 || words[0] == noScripts {
			delete(wanted, param)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	var have []script
	if err := s.get("scripts/", "", nil, &have); err != nil {
		return nil, s.fail(err, "list scripts")
	}
	var missing []string
	there := map[string]bool{}
	for _, param := range keys(wanted) {
		of := slices.DeleteFunc(slices.Clone(have), func(x script) bool { return x.Kind != scriptKinds[param] })
		for _, word := range wanted[param] {
			chosen := false
			for _, x := range of {
				if x.Name != word && !slices.Contains(x.Tags, word) {
					continue
				}
				chosen = true
				if x.Destructive {
					warnings = append(warnings, drivers.Warning(fmt.Sprintf("script %s, chosen by %s: %s, destroys what is on the disks of every machine that is commissioned.", x.Name, param, word)))
				}
			}
			if chosen {
				continue
			}
			missing = append(missing, word+" ("+param+")")
			for _, x := range of {
				there[x.Name] = true
			}
		}
	}
	if len(missing) > 0 {
		return nil, s.errorf(drivers.NotFound, "Correct drivers.maas.commissioning_scripts and testing_scripts, or upload the scripts: drivers.maas.scripts names a directory of them.",
			"find scripts at MAAS: it has no script of the name or tag %s; there are: %s", strings.Join(missing, ", "), strings.Join(keys(there), ", "))
	}
	return warnings, nil
}

// uploadScripts makes the scripts of the configured directory those of MAAS (POST scripts/, PUT scripts/{name}), where they
// are missing or have another text. Tags and timeouts that people set at MAAS stay: MAAS takes those of the text at first only.
func (s *session) uploadScripts() ([]string, error) {
	files, err := readScripts(s.d.cfg.Scripts)
	if err != nil {
		return nil, s.errorf(drivers.InvalidRequest, "Correct the directory that drivers.maas.scripts names.", "read scripts: %w", err)
	}
	if len(files) == 0 {
		return nil, nil
	}
	var have []script
	if err := s.get("scripts/", "", form("filters", strings.Join(keys(files), ","), "include_script", "true"), &have); err != nil {
		return nil, s.fail(err, "read scripts")
	}
	var said []string
	for _, name := range keys(files) {
		i := slices.IndexFunc(have, func(x script) bool { return x.Name == name })
		switch {
		case i < 0:
			if err := s.post("scripts/", "", form("name", name, "script", files[name], "comment", "drydock"), nil); err != nil {
				return nil, s.uploadRefused(err, name)
			}
			said = append(said, "Script "+name+" was uploaded.")
		case have[i].Builtin:
			return nil, s.errorf(drivers.Conflict, "Give the file another name.", "upload script %s: a script of this name comes with MAAS", name)
		case !sameText(have[i].text(), files[name]):
			// No slash at the end: with it, MAAS knows no such resource.
			if err := s.call(http.MethodPut, "scripts/"+name, "", form("script", files[name], "comment", "drydock"), nil); err != nil {
				return nil, s.uploadRefused(err, name)
			}
			said = append(said, "Script "+name+" was uploaded anew, as its text has changed.")
		}
	}
	return said, nil
}

func (s *session) uploadRefused(err error, name string) error {
	failed := s.fail(err, "upload script %s", name)
	var e *drivers.Error
	if isAnswer(err, http.StatusBadRequest) && errors.As(failed, &e) {
		e.Class, e.Advice = drivers.InvalidRequest, "Correct the file in the directory that drivers.maas.scripts names."
	}
	return failed
}

// sameText compares scripts but for what forms on the way may do to the ends of lines and of the text.
func sameText(a, b string) bool {
	plain := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return plain(a) == plain(b)
}

// readScripts reads the files of a directory, by name. Hidden files and directories are left out, as editors and version
// control put them there.
func readScripts(directory string) (map[string]string, error) {
	if directory == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(directory, name)) // follows links, of which mounted configuration is made
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			continue
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is no regular file", name)
		case !scriptWord.MatchString(name):
			return nil, fmt.Errorf("%s is no name that MAAS takes for a script: use letters, digits and _@+=:.-", name)
		case info.Size() > maxScript:
			return nil, fmt.Errorf("%s is larger than 1 MiB", name)
		case len(files) == maxScripts:
			return nil, fmt.Errorf("there are more than %d files", maxScripts)
		}
		text, err := os.ReadFile(filepath.Join(directory, name))
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	return files, nil
}
