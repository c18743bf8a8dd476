// Package render writes the applied model of a site: for people as documents, for tools as one object, inheritance
// resolved, references replaced by their values, field names as in the documents.
//
// It refuses to tell secrets: credentials are replaced by a placeholder, passwords are taken out of URLs, and of the data
// of boot actions, which may hold anything, only size and digest are shown. What it writes is a view of its own, copied
// field by field, so that a field added to the model is not written before somebody has decided that it may be.
package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"drydock/design"
)

// YAML writes the effective design of the site, or only of the named nodes of it, as documents that are a design again:
// inheritance, references and route domains resolved. Read back and written again, they are the same bytes. What is left
// out of them, and nothing else, keeps them from deploying the same site. An unknown node name is an error that names it,
// and then nothing is written.
func YAML(site *design.Site, w io.Writer, nodes ...string) error {
	docs, err := documents(site, nodes)
	if err != nil {
		return err
	}
	if len(docs) == 0 { // the encoder can't write nothing
		return nil
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	for _, doc := range docs {
		if err := encoder.Encode(doc); err != nil {
			return fmt.Errorf("render site %s as yaml: %w", site.Name, err)
		}
	}
	if err := encoder.Close(); err != nil {
		return fmt.Errorf("render site %s as yaml: %w", site.Name, err)
	}
	return write(w, b.Bytes(), site)
}

// JSON writes the same for tools, as one indented JSON object: the parts of the site in lists, with digest and host names.
// Without names it has everything. The same site gives the same bytes.
func JSON(site *design.Site, w io.Writer, nodes ...string) error {
	view, err := viewOf(site, nodes)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(view); err != nil {
		return fmt.Errorf("render site %s as json: %w", site.Name, err)
	}
	return write(w, b.Bytes(), site)
}

func write(w io.Writer, data []byte, site *design.Site) error {
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("render site %s: %w", site.Name, err)
	}
	return nil
}

// viewOf is the whole site, or its name, digest and some nodes in the order of the design.
func viewOf(site *design.Site, names []string) (siteView, error) {
	if site == nil {
		return siteView{}, errors.New("render site: there is none")
	}
	view := siteView{Site: site.Name, Digest: site.Digest, Nodes: []nodeView{}}
	if len(names) == 0 {
		addSite(&view, site)
	}
	var unknown []string
	for _, name := range names {
		if site.Node(name) == nil {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		return siteView{}, fmt.Errorf("render nodes of site %s: the design has no node %s", site.Name, strings.Join(unknown, ", "))
	}
	for _, node := range site.Nodes {
		if len(names) == 0 || slices.Contains(names, node.Name) {
			view.Nodes = append(view.Nodes, viewNode(node))
		}
	}
	return view, nil
}
