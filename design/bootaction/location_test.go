package bootaction_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/bootaction"
)

// fetching are options that answer with one content.
func fetching(content string, err error) (bootaction.Options, *[]string) {
	var asked []string
	o := options()
	o.Fetch = func(location string) ([]byte, error) {
		asked = append(asked, location)
		return []byte(content), err
	}
	return o, &asked
}

func located(asset design.Asset, location string, pipeline ...string) design.Asset {
	asset.Location, asset.LocationPipeline = location, pipeline
	return asset
}

func TestAnAssetWithALocationHasTheContentFromThere(t *testing.T) {
	packages := design.Asset{Type: design.AssetPackages}
	tests := map[string]struct {
		asset         design.Asset
		content, want string
		asked         string
	}{
		"as it is":                       {located(file("/x", "ignored"), "http://mirror.test/x"), "there", "there", "http://mirror.test/x"},
		"through the data pipeline":      {located(file("/x", "", "utf8_decode", "template"), "http://mirror.test/x"), "on {{ node.hostname }}", "on n1", "http://mirror.test/x"},
		"from an address made of a node": {located(file("/x", ""), "http://mirror.test/{{ node.hostname }}", "template"), "there", "there", "http://mirror.test/n1"},
		"a list of packages in YAML":     {located(packages, "http://mirror.test/p"), "chrony: null\nlldpd: 1.0.13-1\n", "chrony lldpd=1.0.13-1", "http://mirror.test/p"},
		"a list of packages in JSON":     {located(packages, "http://mirror.test/p"), `{"chrony": null}`, "chrony", "http://mirror.test/p"},
		"a list of packages with a node": {located(design.Asset{Type: design.AssetPackages, DataPipeline: []string{"utf8_decode", "template"}}, "http://mirror.test/p"), "{{ node.hostname }}-tools: ''", "n1-tools", "http://mirror.test/p"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, asked := fetching(test.content, nil)
			site, node := harbor(action("a", test.asset))
			result, err := bootaction.UserData(site, node, o)
			require.NoError(t, err)
			assert.Empty(t, result.Undelivered)
			assert.Equal(t, []string{test.asked}, *asked)
			c := read(t, result.UserData)
			if test.asset.Type != design.AssetPackages {
				assert.Equal(t, test.want, c.content(t, "/x"))
				return
			}
			var got []string
			for _, p := range c.Packages {
				if versioned, ok := p.([]any); ok {
					p = versioned[0].(string) + "=" + versioned[1].(string)
				}
				got = append(got, p.(string))
			}
			assert.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

func TestALocationThatWantsATokenOfAServiceStaysUndelivered(t *testing.T) {
	o, asked := fetching("there", nil)
	site, node := harbor(action("a", located(file("/opt/join.sh", ""), "promenade+http://promenade.test/join")))
	result, err := bootaction.UserData(site, node, o)
	require.NoError(t, err)
	assert.Empty(t, *asked)
	require.Len(t, result.Undelivered, 1)
	assert.Contains(t, result.Undelivered[0], "promenade+http://promenade.test, whose service wants a token")
}

func TestALocationThatFailsIsAnError(t *testing.T) {
	tests := map[string]struct {
		asset   design.Asset
		content string
		err     error
		within  string
	}{
		"it can't be fetched":                    {located(file("/x", ""), "http://mirror.test/x"), "", errors.New("refused with canary-action-key"), "refused with"},
		"its template asks for what nobody has":  {located(file("/x", ""), "http://{{ node.nothing.at.all }}/", "template"), "", nil, "location"},
		"its packages are a list":                {located(design.Asset{Type: design.AssetPackages}, "http://mirror.test/p"), "[canary-action-key]", nil, "no mapping"},
		"its packages are none":                  {located(design.Asset{Type: design.AssetPackages}, "http://mirror.test/p"), "{}", nil, "empty"},
		"its content is more than a node takes":  {located(file("/x", ""), "http://mirror.test/x"), strings.Repeat("x", 1<<20+1), nil, "larger than"},
		"its packages are aliases without bound": {located(design.Asset{Type: design.AssetPackages}, "http://mirror.test/p"), "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]", nil, "no mapping"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, _ := fetching(test.content, test.err)
			site, node := harbor(action("a", test.asset))
			_, err := bootaction.UserData(site, node, o)
			require.ErrorContains(t, err, test.within)
			assert.Contains(t, err.Error(), "boot action a for node n1")
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}
