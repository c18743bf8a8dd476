package bootaction

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"drydock/design"
)

// undelivered says why the content of a location is not fetched; "" when it is, or when there is no location.
func undelivered(location string, opts Options) string {
	scheme, _, _ := strings.Cut(location, "://")
	switch {
	case location == "":
		return ""
	case opts.Fetch == nil:
		return "and user data holds only what the design itself says"
	case strings.Contains(scheme, "+"):
		return "whose service wants a token that Drydock does not have"
	}
	return ""
}

// fetched is an asset with the content that it has elsewhere; an asset without a location is as it is.
func fetched(asset design.Asset, fetch func(string) ([]byte, error), p pipeline) (design.Asset, error) {
	if asset.Location == "" {
		return asset, nil
	}
	location, err := p.run(asset.LocationPipeline, []byte(asset.Location))
	if err != nil {
		return asset, fmt.Errorf("location: %w", err)
	}
	data, err := fetch(string(location))
	if err != nil {
		return asset, err
	}
	if asset.Type != design.AssetPackages {
		asset.Data = string(data)
		return asset, nil
	}
	if data, err = p.run(asset.DataPipeline, data); err != nil {
		return asset, err
	}
	asset.Packages, err = packageList(data)
	return asset, err
}

// packageList reads a mapping from package to version, or to null, in YAML or JSON. The cause of a failure is not passed
// on: it quotes the data.
func packageList(data []byte) (packages map[string]string, err error) {
	wrong := errors.New("the list of packages is no mapping from package to version, or to null")
	defer func() {
		if r := recover(); r != nil {
			packages, err = nil, wrong
		}
	}()
	var list map[string]*string
	if yaml.Unmarshal(data, &list) != nil {
		return nil, wrong
	}
	packages = make(map[string]string, len(list))
	for name, version := range list {
		packages[name] = ""
		if version != nil {
			packages[name] = *version
		}
	}
	return packages, nil
}
