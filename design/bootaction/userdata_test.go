package bootaction_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/bootaction"
)

func TestUserDataDeliversFilesUnitsAndPackages(t *testing.T) {
	unit := design.Asset{Type: design.AssetUnit, Path: "/etc/systemd/system/welcome.service", Permissions: "444", Data: "[Unit]\n"}
	packages := design.Asset{Type: design.AssetPackages, Packages: map[string]string{"lldpd": "1.0.13-1", "chrony": ""}}
	binary := "\x00\xff: - {{ not a template }}"
	c := made(t, action("base", file("/etc/x", binary), unit, packages), action("more", design.Asset{Type: design.AssetFile, Path: "/etc/y"}))

	require.Len(t, c.WriteFiles, 3)
	assert.Equal(t, binary, c.content(t, "/etc/x"), "an asset without a pipeline passes as it is")
	assert.Equal(t, "0644", c.WriteFiles[0].Permissions)
	assert.Equal(t, "0444", c.WriteFiles[1].Permissions)
	assert.Equal(t, "0600", c.WriteFiles[2].Permissions, "without permissions only root reads a file")
	for _, f := range c.WriteFiles {
		assert.Equal(t, "root:root", f.Owner)
	}
	assert.True(t, c.PackageUpdate)
	assert.Equal(t, []any{"chrony", []any{"lldpd", "1.0.13-1"}}, c.Packages)
	assert.Equal(t, [][]string{
		{"systemctl", "daemon-reload"},
		{"systemctl", "enable", "welcome.service"},
		{"systemctl", "start", "--no-block", "welcome.service"},
	}, c.RunCmd)
}

func TestUserDataIsTheSameEveryTime(t *testing.T) {
	site, node := harbor(action("base",
		template("{% for k, v in node.labels.items() %}{{ k }}={{ v }}\n{% endfor %}{% for k in node.network %}{{ k }} {% endfor %}{% for k in node.labels %}{{ k }} {% endfor %}{{ dict(b=1, a=2, c=3) }}"),
		design.Asset{Type: design.AssetPackages, Packages: map[string]string{"a": "", "b": "1", "c": "", "d": "2", "e": ""}}))
	node.OwnerData["Role"], node.OwnerData["ROLE"] = "x", "y"
	first, err := bootaction.UserData(site, node, options())
	require.NoError(t, err)
	for range 20 {
		again, err := bootaction.UserData(site, node, options())
		require.NoError(t, err)
		require.Equal(t, string(first.UserData), string(again.UserData))
	}
}

func TestOnlyActionsThatSelectTheNodeAreDelivered(t *testing.T) {
	by := func(term design.FilterTerm) *design.NodeFilter {
		return &design.NodeFilter{SetType: design.FilterUnion, Set: []design.FilterTerm{term}}
	}
	cases := map[string]struct {
		filter *design.NodeFilter
		want   bool
	}{
		"no filter selects every node":             {nil, true},
		"a tag of the node":                        {by(design.FilterTerm{Type: "union", NodeTags: []string{"x", "lab"}}), true},
		"a tag of other nodes":                     {by(design.FilterTerm{Type: "union", NodeTags: []string{"x"}}), false},
		"a rack with a label":                      {by(design.FilterTerm{Type: "union", RackLabels: map[string]string{"row": "1"}}), true},
		"name and tag must both match":             {by(design.FilterTerm{Type: "intersection", NodeNames: []string{"n1"}, NodeTags: []string{"x"}}), false},
		"a filter that says nothing selects none":  {&design.NodeFilter{SetType: design.FilterUnion}, false},
		"a criterion that is empty selects nobody": {by(design.FilterTerm{Type: "intersection"}), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := action("a", file("/x", "y"))
			a.Filter = c.filter
			site, node := harbor(a)
			result, err := bootaction.UserData(site, node, options())
			require.NoError(t, err)
			assert.Equal(t, c.want, result.UserData != nil)
		})
	}
}

func TestAssetsToBeFetchedAreNamedAndTellNoSecret(t *testing.T) {
	remote := func(typ, path, location string) design.Asset {
		return design.Asset{Type: typ, Path: path, Location: location, LocationPipeline: []string{"template"}}
	}
	site, node := harbor(action("join",
		remote(design.AssetFile, "/opt/join.sh", "promenade+http://user:canary-pw@promenade.test/api?token=canary-token&h={{ node.hostname }}"),
		remote(design.AssetPackages, "", "{{ action.design_ref }}/canary-token")))
	result, err := bootaction.UserData(site, node, options())
	require.NoError(t, err)
	assert.Nil(t, result.UserData, "there is nothing to deliver")
	require.Len(t, result.Undelivered, 2)
	assert.Contains(t, result.Undelivered[0], "boot action join for node n1: asset 1 (file /opt/join.sh)")
	assert.Contains(t, result.Undelivered[0], "promenade+http://promenade.test")
	assert.Contains(t, result.Undelivered[1], "asset 2 (pkg_list)")
	for _, text := range result.Undelivered {
		assert.NotContains(t, text, "canary")
	}
}

func TestUnitsAreEnabledTheWayTheyCanBe(t *testing.T) {
	unit := func(path string) *design.BootAction {
		return action("u", design.Asset{Type: design.AssetUnit, Path: path, Permissions: "644"})
	}
	reload := []string{"systemctl", "daemon-reload"}
	cases := map[string]struct {
		path string
		want [][]string
	}{
		"a target is enabled and started by name": {"/etc/systemd/system/a.target",
			[][]string{reload, {"systemctl", "enable", "a.target"}, {"systemctl", "start", "--no-block", "a.target"}}},
		"a unit elsewhere is enabled by path": {"/opt/units/a.service",
			[][]string{reload, {"systemctl", "enable", "/opt/units/a.service"}, {"systemctl", "start", "--no-block", "a.service"}}},
		"a template unit is not started": {"/etc/systemd/system/a@.service", [][]string{reload, {"systemctl", "enable", "a@.service"}}},
		"a drop-in is read and no more":  {"/etc/systemd/system/a.service.d/b.conf", [][]string{reload}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, made(t, unit(c.path)).RunCmd)
		})
	}
	assert.ErrorContains(t, refused(t, unit("/etc/systemd/system/readme.txt")), "not the name of a systemd unit")
}

func TestAssetsThatContradictEachOtherAreRefused(t *testing.T) {
	pkg := func(version string) design.Asset {
		return design.Asset{Type: design.AssetPackages, Packages: map[string]string{"chrony": version}}
	}
	t.Run("one path with two contents", func(t *testing.T) {
		err := refused(t, action("a", file("/x", "1")), action("b", file("/x", "2")))
		assert.ErrorContains(t, err, "make boot action b for node n1: asset 1 (file /x)")
		assert.ErrorContains(t, err, "boot action a for node n1")
	})
	t.Run("one path with one content twice is one file", func(t *testing.T) {
		assert.Len(t, made(t, action("a", file("/x", "1")), action("b", file("/x", "1"))).WriteFiles, 1)
	})
	t.Run("one package in two versions", func(t *testing.T) {
		assert.ErrorContains(t, refused(t, action("a", pkg("1")), action("b", pkg("2"))), "package chrony")
	})
	t.Run("a version wins over any version", func(t *testing.T) {
		assert.Equal(t, []any{[]any{"chrony", "1"}}, made(t, action("a", pkg("1")), action("b", pkg(""))).Packages)
	})
}

func TestWrongAssetsAreRefusedAndAllAreNamed(t *testing.T) {
	cases := map[string]struct {
		asset design.Asset
		want  string
	}{
		"a relative path":           {file("etc/x", ""), "absolute path"},
		"a path that goes up":       {file("/etc/../x", ""), "absolute path"},
		"a path with a line break":  {file("/etc/x\ny", ""), "absolute path"},
		"permissions in words":      {design.Asset{Type: "file", Path: "/x", Permissions: "u+x"}, "octal"},
		"permissions above 7":       {design.Asset{Type: "file", Path: "/x", Permissions: "699"}, "octal"},
		"an unknown type":           {design.Asset{Type: "image", Path: "/x"}, `asset type "image"`},
		"no packages":               {design.Asset{Type: design.AssetPackages}, "empty"},
		"an unknown step":           {file("/x", "", "gunzip"), "step 1 of the pipeline (gunzip)"},
		"data that is not base64":   {file("/x", "canary-secret?", "base64_decode"), "not base64"},
		"bytes that are not text":   {file("/x", "\xff", "utf8_decode"), "not UTF-8"},
		"a template that is binary": {file("/x", "\xff", "template"), "not UTF-8"},
		"content without bounds":    {file("/x", string(make([]byte, 1<<20+1))), "larger than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := refused(t, action("ok", file("/ok", "")), action("bad", c.asset), action("worse", design.Asset{Type: "worse"}))
			assert.ErrorContains(t, err, "make boot action bad for node n1: asset 1 (")
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "make boot action worse", "one mistake hides no other")
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestPipelinesRunFromLeftToRight(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("node {{ node.hostname }}"))
	cases := map[string]struct {
		data  string
		steps []string
		want  string
	}{
		"no steps":                       {"{{ x }}", nil, "{{ x }}"},
		"encode":                         {"hello", []string{"base64_encode"}, "aGVsbG8="},
		"decode":                         {"aGVs\nbG8=\n", []string{"base64_decode"}, "hello"},
		"there and back":                 {"\x00\xff", []string{"base64_encode", "base64_decode"}, "\x00\xff"},
		"a template within base64":       {encoded, []string{"base64_decode", "utf8_decode", "template", "utf8_encode"}, "node n1"},
		"the result of a template coded": {"{{ node.hostname }}", []string{"utf8_decode", "template", "utf8_encode", "base64_encode"}, "bjE="},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, made(t, action("a", file("/x", c.data, c.steps...))).content(t, "/x"))
		})
	}
}

func TestUserDataNeedsSiteAndNode(t *testing.T) {
	site, node := harbor()
	for name, call := range map[string]func() error{
		"no site": func() error { _, err := bootaction.UserData(nil, node, options()); return err },
		"no node": func() error { _, err := bootaction.UserData(site, nil, options()); return err },
	} {
		t.Run(name, func(t *testing.T) { assert.Error(t, call()) })
	}
	result, err := bootaction.UserData(site, node, bootaction.Options{})
	require.NoError(t, err)
	assert.Nil(t, result.UserData, "a design without boot actions needs no user data")
}
