package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"drydock/design"
)

func (r Reader) fileURL(ref string) ([]design.Source, error) {
	u, err := url.Parse(ref)
	if err != nil || u.Path == "" || u.Host != "" && u.Host != "localhost" {
		return nil, &Error{Ref: display(ref), Kind: Malformed, Err: errors.New("this is not the address of a local file"),
			Advice: "write file:// and an absolute path, such as file:///etc/drydock/site.yaml"}
	}
	return r.path(filepath.FromSlash(u.Path))
}

// path reads a file, or the *.yaml and *.yml of a directory, by name. Directories below it are not read.
func (r Reader) path(path string) ([]design.Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	if !info.IsDir() {
		s, err := r.file(path)
		if err != nil {
			return nil, err
		}
		return []design.Source{s}, nil
	}
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, fileError(path, err)
	}
	var out []design.Source
	for _, e := range entries {
		name := e.Name()
		if ext := strings.ToLower(filepath.Ext(name)); ext != ".yaml" && ext != ".yml" || strings.HasPrefix(name, ".") {
			continue
		}
		full := filepath.Join(path, name)
		if info, err := os.Stat(full); err != nil {
			return nil, fileError(full, err)
		} else if info.IsDir() {
			continue
		}
		s, err := r.file(full)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, &Error{Ref: path, Kind: NotFound, Err: errors.New("the directory has no *.yaml or *.yml"),
			Advice: "check the path; directories below it are not read"}
	}
	return out, nil
}

func (r Reader) file(path string) (design.Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return design.Source{}, fileError(path, err)
	}
	defer f.Close()
	data, err := r.all(f, path)
	if err != nil {
		return design.Source{}, err
	}
	return design.Source{Name: path, Data: data}, nil
}

func fileError(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Ref: path, Kind: NotFound, Err: err, Advice: "check the path, which is looked up where this process runs"}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Ref: path, Kind: Denied, Err: err, Advice: "check the permissions of the file for the user of this process"}
	}
	return &Error{Ref: path, Kind: Malformed, Err: fmt.Errorf("open: %w", err), Advice: "check the path"}
}
