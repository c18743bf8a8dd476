package bootaction

import (
	"errors"
	"regexp"
	"strings"

	"drydock/design"
)

// describe names an asset for people.
func describe(asset design.Asset) string {
	if asset.Path == "" {
		return asset.Type
	}
	return asset.Type + " " + asset.Path
}

var schemeAndHost = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://(?:[^/?#@]*@)?([A-Za-z0-9.\-\[\]:]+)(?:[/?#]|$)`)

// origin is scheme and host of a location. The rest of an URL, and a user in it, may be a credential.
func origin(location string) string {
	m := schemeAndHost.FindStringSubmatch(location)
	if m == nil {
		return "a location"
	}
	return m[1] + "://" + m[2]
}

// hide takes a secret out of an error.
func hide(err error, secret design.Secret) error {
	key := secret.Reveal()
	if key == "" || !strings.Contains(err.Error(), key) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), key, secret.String()))
}
