package maas_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
)

// burnIn is a script that says what it is in its own text.
const burnIn = `#!/bin/bash
# --- Start MAAS 1.0 script metadata ---
# name: burn-in
# title: Burn in
# script_type: testing
# hardware_type: storage
# parallel: instance
# timeout: 0:30:00
# tags: [disks, acceptance]
# destructive: true
# packages: {apt: [fio]}
# parameters:
#   storage: {type: storage}
# --- End MAAS 1.0 script metadata ---
fio --name burn
`

// upload sends a form as multipart, with files.
func (r *rig) upload(method, path string, fields [][2]string, files map[string]string) answer {
	r.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range fields {
		require.NoError(r.t, w.WriteField(f[0], f[1]))
	}
	for name, data := range files {
		part, err := w.CreateFormFile(name, name)
		require.NoError(r.t, err)
		_, err = part.Write([]byte(data))
		require.NoError(r.t, err)
	}
	require.NoError(r.t, w.Close())
	q, err := http.NewRequest(method, r.url+"/api/2.0/"+path, &body)
	require.NoError(r.t, err)
	q.Header.Set("Content-Type", w.FormDataContentType())
	q.Header.Set("Authorization", authorization(r.key))
	return r.send(q)
}

func names(list []map[string]any) (out []string) {
	for _, x := range list {
		out = append(out, x["name"].(string))
	}
	return out
}

func TestScriptsAreUploadedAsFilesOrFields(t *testing.T) {
	for sentence, send := range map[string]func(*rig) answer{
		"a file, as gomaasclient sends it":    func(r *rig) answer { return r.upload("POST", "scripts/", nil, map[string]string{"script": burnIn}) },
		"a file that names the script":        func(r *rig) answer { return r.upload("POST", "scripts/", nil, map[string]string{"burn-in": burnIn}) },
		"a field of a form":                   func(r *rig) answer { return r.post("scripts/", "script", burnIn) },
		"a field that agrees with the script": func(r *rig) answer { return r.post("scripts/", "script", burnIn, "type", "testing") },
	} {
		t.Run(sentence, func(t *testing.T) {
			r := newRig(t, maas.Options{})
			a := send(r)
			require.Equal(t, 200, a.status, a.text)
			x := r.get("scripts/burn-in").object(t)
			require.Equal(t, "Burn in", x["title"])
			require.Equal(t, "Testing script", x["type_name"])
			require.Equal(t, "Storage", x["hardware_type_name"])
			require.Equal(t, "Run along other instances of this script", x["parallel_name"])
			require.Equal(t, "0:30:00", x["timeout"])
			require.Equal(t, []any{"disks", "acceptance", "destructive"}, x["tags"])
			require.Equal(t, map[string]any{"apt": []any{"fio"}}, x["packages"])
			require.Equal(t, false, x["default"])
			require.NotContains(t, x["history"].([]any)[0], "data")
			withText := r.get("scripts/burn-in?include_script=true").object(t)["history"].([]any)[0].(map[string]any)
			require.Equal(t, base64.StdEncoding.EncodeToString([]byte(burnIn)), withText["data"])
			require.Equal(t, burnIn, r.get("scripts/burn-in?op=download").text)
			require.Equal(t, []string{"burn-in"}, names(r.get("scripts/?filters=acceptance&type=testing").list(t)))
			require.Empty(t, r.get("scripts/?filters=acceptance&type=commissioning").list(t))
		})
	}
}

func TestScriptsThatMakeNoSenseAreRefused(t *testing.T) {
	r := newRig(t, maas.Options{})
	require.Equal(t, 200, r.post("scripts/", "name", "taken", "script", "#!/bin/sh\n").status)
	for sentence, c := range map[string]struct {
		form []string
		want string
	}{
		"no text":                              {[]string{"name", "x"}, `{"script": ["This field is required."]}`},
		"no name":                              {[]string{"script", "#!/bin/sh\n"}, `{"name": ["This field is required."]}`},
		"no interpreter":                       {[]string{"name", "x", "script", "echo"}, `{"script": ["Must start with shebang."]}`},
		"a name that is another's":             {[]string{"name", "taken", "script", "#!/bin/sh\n"}, `{"name": ["Script with this Name already exists."]}`},
		"a name that is a number":              {[]string{"name", "7", "script", "#!/bin/sh\n"}, `{"name": ["Cannot be a number."]}`},
		"the name of no script":                {[]string{"name", "none", "script", "#!/bin/sh\n"}, `{"name": ["\"none\" is a reserved name."]}`},
		"a type that there is not":             {[]string{"name", "x", "script", "#!/bin/sh\n", "type", "deploy"}, `{"script_type": ["Script type must be testing or commissioning"]}`},
		"a number of parallelism out of range": {[]string{"name", "x", "script", "#!/bin/sh\n", "parallel", "9"}, `{"parallel": ["Invalid script parallel numeric value."]}`},
		"a form that contradicts the text":     {[]string{"script", burnIn, "title", "Other"}, `{"title": ["May not override values defined in embedded YAML."]}`},
		"hardware that nobody can name":        {[]string{"name", "x", "script", "#!/bin/sh\n", "for_hardware", "mouse"}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			a := r.post("scripts/", c.form...)
			require.Equal(t, 400, a.status, a.text)
			if c.want == "" {
				require.Contains(t, a.object(t), "for_hardware")
				return
			}
			require.JSONEq(t, c.want, a.text)
		})
	}
	require.Equal(t, 404, r.get("scripts/x").status)
	require.Equal(t, 404, r.get("scripts/taken/").status)
}

func TestScriptsAreChangedTaggedRevertedAndDeleted(t *testing.T) {
	r := newRig(t, maas.Options{})
	require.Equal(t, 200, r.post("scripts/", "name", "probe", "type", "commissioning", "script", "#!/bin/sh\necho 1\n", "tags", "a,b").status)
	a := r.upload("PUT", "scripts/probe", [][2]string{{"title", "Probe"}, {"comment", "second"}}, map[string]string{"script": "#!/bin/sh\necho 2\n"})
	require.Equal(t, 200, a.status, a.text)
	x := a.object(t)
	require.Equal(t, "Probe", x["title"])
	require.Equal(t, "Commissioning script", x["type_name"])
	require.Equal(t, []any{"a", "b"}, x["tags"])
	history := x["history"].([]any)
	require.Len(t, history, 2)
	require.Equal(t, "second", history[0].(map[string]any)["comment"])
	first := num(history[1].(map[string]any)["id"])
	require.Equal(t, "#!/bin/sh\necho 1\n", r.get("scripts/probe?op=download&revision="+first).text)

	require.Equal(t, []any{"a", "b", "c"}, r.post("scripts/probe?op=add_tag", "tag", "c").object(t)["tags"])
	require.Equal(t, []any{"b", "c"}, r.post("scripts/probe?op=remove_tag", "tag", "a").object(t)["tags"])
	require.Equal(t, 400, r.post("scripts/probe?op=add_tag", "tag", "x,y").status)

	require.Equal(t, "Goes too far back.", r.post("scripts/probe?op=revert", "to", "-5").text)
	require.Len(t, r.post("scripts/probe?op=revert", "to", "-1").object(t)["history"], 1)
	require.Equal(t, "#!/bin/sh\necho 1\n", r.get("scripts/probe?op=download").text)

	require.Equal(t, 204, r.do("DELETE", "scripts/probe", r.key, nil).status)
	require.Equal(t, 404, r.get("scripts/probe").status)

	plain := r.maas.AddUser("user", false)
	require.Equal(t, 403, r.do("POST", "scripts/", plain, form("name", "x", "script", "#!/bin/sh\n")).status)
	a = r.do("DELETE", "scripts/memtester", r.key, nil)
	require.Equal(t, 400, a.status)
	require.Equal(t, "Unable to delete default script", a.text)
	require.Equal(t, []any{"memory", "mine"}, r.put("scripts/memtester", "tags", "memory,mine").object(t)["tags"])
	require.JSONEq(t, `{"title": ["Not allowed to change on default scripts."]}`, r.put("scripts/memtester", "title", "x").text)
}

func TestARegionComesWithThirtyScripts(t *testing.T) {
	r := newRig(t, maas.Options{})
	require.Len(t, r.get("scripts/").list(t), 30)
	require.Len(t, r.get("scripts/?type=commissioning").list(t), 13)
	require.Equal(t, "smartctl-validate", r.get("scripts/1394").object(t)["name"])
	require.Equal(t, 400, r.get("scripts/?type=nosuch").status)
}

func TestScriptsAreChosenByNameAndTag(t *testing.T) {
	r := newRig(t, maas.Options{})
	for _, x := range [][]string{
		{"name", "always", "type", "commissioning"}, {"name", "by-hand", "type", "commissioning", "tags", "noauto,site"},
		{"name", "for-others", "type", "commissioning", "for_hardware", "system_vendor:Nobody"},
		{"name", "cable", "type", "testing", "tags", "site"},
	} {
		a := r.post("scripts/", append(x, "script", "#!/bin/sh\n")...)
		require.Equal(t, 200, a.status, a.text)
	}
	const builtin = 13
	for n, c := range []struct {
		sentence string
		form     []string
		scripts  []string
		tests    []string
	}{
		{"nobody has chosen: all but those that do not run by themselves", nil, []string{"always"}, []string{"smartctl-validate"}},
		{"none leaves those of MAAS", []string{"commissioning_scripts", "none", "testing_scripts", "none"}, nil, nil},
		{"a name", []string{"commissioning_scripts", "by-hand", "testing_scripts", "cable"}, []string{"by-hand"}, []string{"cable"}},
		{"a tag, and a list", []string{"commissioning_scripts", "site,always", "testing_scripts", "site,memtester"},
			[]string{"always", "by-hand"}, []string{"cable", "memtester"}},
		{"hardware that the machine is not", []string{"commissioning_scripts", "for-others", "testing_scripts", "none"}, nil, nil},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			s := still(t)
			s.key = s.maas.APIKey()
			for _, x := range r.get("scripts/").list(t) {
				if x["default"] == true {
					continue
				}
				form := []string{"name", x["name"].(string), "script", "#!/bin/sh\n", "type", fmt.Sprint(x["type"]), "tags", joined(x["tags"]), "for_hardware", joined(x["for_hardware"])}
				require.Equal(t, 200, s.post("scripts/", form...).status)
			}
			id := s.maas.Prepare("n1")
			a := s.post("machines/"+id+"/?op=commission", c.form...)
			require.Equal(t, 200, a.status, a.text)
			var ran, tests []string
			for _, x := range s.get("nodes/" + id + "/results/current-commissioning/").object(t)["results"].([]any) {
				ran = append(ran, x.(map[string]any)["name"].(string))
			}
			require.Len(t, ran, builtin+len(c.scripts), n)
			require.Subset(t, ran, c.scripts)
			if c.tests == nil {
				require.Equal(t, 400, s.get("nodes/"+id+"/results/current-testing/").status)
				return
			}
			seen := map[string]bool{}
			for _, x := range s.get("nodes/" + id + "/results/current-testing/").object(t)["results"].([]any) {
				seen[x.(map[string]any)["name"].(string)] = true
			}
			for name := range seen {
				tests = append(tests, name)
			}
			require.ElementsMatch(t, c.tests, tests)
		})
	}
	id := r.maas.Prepare("n1")
	a := r.post("machines/"+id+"/?op=commission", "commissioning_scripts", "nosuch", "testing_scripts", "neither")
	require.Equal(t, 400, a.status)
	require.JSONEq(t, `{"commissioning_scripts": ["Select a valid choice. nosuch is not one of the available choices."],
		"testing_scripts": ["Select a valid choice. neither is not one of the available choices."]}`, a.text)
}

func joined(list any) (out string) {
	for _, x := range list.([]any) {
		out += x.(string) + ","
	}
	return out
}
