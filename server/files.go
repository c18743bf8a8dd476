package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// FilesBelow keeps references to files within a directory of the server's machine, and refuses all of them when the
// directory is "". Without it whoever reaches the API can have any file of the machine read, and learns of it what the
// messages about a wrong design tell. Symbolic links that lead out of the directory are refused as well. References of
// other kinds pass.
func FilesBelow(dir string, load func(context.Context, string) (Design, error)) func(context.Context, string) (Design, error) {
	return func(ctx context.Context, ref string) (Design, error) {
		path, isFile, err := filePath(ref)
		if err != nil {
			return Design{}, err
		}
		if !isFile {
			return load(ctx, ref)
		}
		if dir == "" {
			return Design{}, errors.New("references to files are not allowed here: name an address or a stored design, or have server.designs set to the directory of the designs")
		}
		// What is read is the path that was checked, so that nobody can read the reference differently.
		inside, err := within(dir, path)
		if err != nil {
			return Design{}, err
		}
		return load(ctx, inside)
	}
}

// filePath finds the path of a reference to a file or to standard input, in any of their forms.
func filePath(ref string) (path string, isFile bool, err error) {
	scheme, _, hasScheme := strings.Cut(ref, "://")
	switch {
	case hasScheme && strings.EqualFold(scheme, "file"):
		u, err := url.Parse(ref)
		if err != nil || u.Path == "" || (u.Host != "" && u.Host != "localhost") {
			return "", false, errors.New("this is not the address of a local file: write file:// and an absolute path")
		}
		return filepath.FromSlash(u.Path), true, nil
	case hasScheme, strings.HasPrefix(ref, "design:"), strings.HasPrefix(ref, "sha256:"):
		return "", false, nil
	}
	return ref, true, nil
}

// within returns the absolute path without links when it lies in the directory or is it. Whether a path outside exists
// is not told.
func within(dir, path string) (string, error) {
	root, err := filepath.Abs(dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return "", fmt.Errorf("the directory of designs %s can't be read", dir)
	}
	refused := fmt.Errorf("files have to be in the directory of designs %s", dir)
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("%w, and this one is not there or can't be read", refused)
	}
	relative, err := filepath.Rel(root, real)
	if err != nil || !filepath.IsLocal(relative) {
		return "", fmt.Errorf("%w, and this one is not there or can't be read", refused)
	}
	return real, nil
}
