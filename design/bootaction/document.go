package bootaction

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"drydock/design"
)

// cloudConfig has the keys of cloud-init's #cloud-config that are used here, in the order in which they are written.
type cloudConfig struct {
	WriteFiles    []writeFile `yaml:"write_files,omitempty"`
	PackageUpdate bool        `yaml:"package_update,omitempty"`
	Packages      []any       `yaml:"packages,omitempty"` // name, or [name, version]
	RunCmd        [][]string  `yaml:"runcmd,omitempty"`
}

// writeFile is an entry of write_files.
type writeFile struct {
	Path        string `yaml:"path"`
	Owner       string `yaml:"owner"`
	Permissions string `yaml:"permissions"`
	Encoding    string `yaml:"encoding"`
	Content     string `yaml:"content"`
}

// placed is a file of the document, with the words that name its asset in an error.
type placed struct {
	path, mode, subject string
	content             []byte
}

// document collects the assets of a node.
type document struct {
	files    []placed
	units    []unit
	reload   bool
	packages map[string]string // name to version, "" for any
}

func newDocument() *document { return &document{packages: map[string]string{}} }

// add delivers one asset. The context is only made for an asset with a template, and anew for each.
func (d *document) add(asset design.Asset, subject string, steps pipeline) error {
	switch asset.Type {
	case design.AssetPackages:
		return d.addPackages(asset.Packages)
	case design.AssetFile, design.AssetUnit:
	default:
		return fmt.Errorf("asset type %q is none of file, unit, pkg_list", asset.Type)
	}
	file, err := placeFile(asset, subject, steps)
	if err != nil {
		return err
	}
	if asset.Type == design.AssetUnit {
		u, enable, err := unitOf(asset.Path)
		if err != nil {
			return err
		}
		d.reload = true
		if enable && !slices.Contains(d.units, u) {
			d.units = append(d.units, u)
		}
	}
	return d.addFile(file)
}

var octal = regexp.MustCompile(`^[0-7]{3,4}$`)

func placeFile(asset design.Asset, subject string, steps pipeline) (placed, error) {
	p := asset.Path
	if !strings.HasPrefix(p, "/") || path.Clean(p) != p || p == "/" || strings.ContainsAny(p, "\x00\n\r") {
		return placed{}, fmt.Errorf("path %q is not an absolute path in its shortest form", p)
	}
	mode := asset.Permissions
	if mode == "" {
		mode = "600"
	}
	if !octal.MatchString(mode) {
		return placed{}, fmt.Errorf("permissions %q are not three or four octal digits", mode)
	}
	content, err := steps.run(asset.DataPipeline, []byte(asset.Data))
	if err != nil {
		return placed{}, err
	}
	return placed{path: p, mode: fmt.Sprintf("%04s", mode), subject: subject, content: content}, nil
}

// addFile refuses a second content for a path: which of two boot actions comes last was never promised by anyone.
func (d *document) addFile(f placed) error {
	for _, other := range d.files {
		if other.path != f.path {
			continue
		}
		if bytes.Equal(other.content, f.content) && other.mode == f.mode {
			return nil
		}
		return fmt.Errorf("path %s is also written, with other content or permissions, by %s", f.path, other.subject)
	}
	d.files = append(d.files, f)
	return nil
}

func (d *document) addPackages(packages map[string]string) error {
	if len(packages) == 0 {
		return errors.New("the list of packages is empty")
	}
	names := make([]string, 0, len(packages))
	for name := range packages {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		version, known := packages[name], d.packages[name]
		if version != "" && known != "" && version != known {
			return fmt.Errorf("package %s is wanted in version %s and, by another boot action, in version %s", name, version, known)
		}
		if version == "" {
			version = known
		}
		d.packages[name] = version
	}
	return nil
}

// encode writes the document; nil when there is nothing in it.
func (d *document) encode() ([]byte, error) {
	var c cloudConfig
	for _, f := range d.files {
		c.WriteFiles = append(c.WriteFiles, writeFile{
			Path: f.path, Owner: "root:root", Permissions: f.mode,
			// base64 carries any bytes, and no content can be taken for YAML.
			Encoding: "b64", Content: base64.StdEncoding.EncodeToString(f.content),
		})
	}
	for name, version := range d.packages {
		if version == "" {
			c.Packages = append(c.Packages, name)
		} else {
			c.Packages = append(c.Packages, []string{name, version})
		}
	}
	sort.Slice(c.Packages, func(i, j int) bool { return packageName(c.Packages[i]) < packageName(c.Packages[j]) })
	c.PackageUpdate = len(c.Packages) > 0
	c.RunCmd = unitCommands(d.reload, d.units)
	if len(c.WriteFiles)+len(c.Packages)+len(c.RunCmd) == 0 {
		return nil, nil
	}
	body, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write #cloud-config: %w", err)
	}
	return append([]byte("#cloud-config\n"), body...), nil
}

func packageName(entry any) string {
	if pinned, ok := entry.([]string); ok {
		return pinned[0]
	}
	return entry.(string)
}
