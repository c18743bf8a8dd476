package bootaction_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/bootaction"
)

func TestTemplatesRenderAsInJinja2(t *testing.T) {
	cases := map[string]struct{ source, want string }{
		"host name and domain":                    {"{{ node.hostname }}.{{ node.domain }}", "n1.harbor.test"},
		"a network by attribute":                  {"{{ node.network.calico.ip }} {{ node.network.calico.cidr }} {{ node.network.calico.dns_suffix }}", "10.20.72.11 10.20.72.0/24 local"},
		"the primary network":                     {"{{ node.network.default.ip }}", "10.20.30.11"},
		"a network by item":                       {"{{ node['network']['calico']['ip'] }}", "10.20.72.11"},
		"a label with dots and dashes":            {"{{ node.labels['beta.kubernetes.io/fluentd-ds-ready'] }}{{ node.labels['a-b'] }}", "true1"},
		"a loop over labels":                      {"{% for k, v in node.labels.items() %}&labels.dynamic={{ k }}={{ v }}{% endfor %}", "&labels.dynamic=a-b=1&labels.dynamic=beta.kubernetes.io/fluentd-ds-ready=true&labels.dynamic=role=control"},
		"a loop with a counter and a condition":   {"{% for t in node.tags %}{{ loop.index }}{{ t }}{{ ',' if not loop.last }}{% endfor %}", "1control,2lab"},
		"a loop over nothing":                     {"{% for x in [] %}x{% else %}none{% endfor %}", "none"},
		"filters in a row":                        {"{{ node.tags | map('upper') | join('-') }}", "CONTROL-LAB"},
		"urlencode quotes all that means a thing": {"{{ 'http://a.test/b?c=d&e=f g+h%ü' | urlencode }}", "http%3A//a.test/b%3Fc%3Dd%26e%3Df%20g%2Bh%25%C3%BC"},
		"urlencode makes a query of a map":        {"{{ {'b': '1/2', 'a': 'x y'} | urlencode }}", "a=x%20y&b=1%2F2"},
		"a label that is not there is nothing":    {"[{{ node.labels.nothing }}]", "[]"},
		"a default for what is not there":         {"{{ node.labels.nothing | default('d') }}{{ node.network.oam.ip | default('none') }}", "dnone"},
		"a test for what is not there":            {"{% if node.network.oam %}y{% else %}n{% endif %}{% if node.network.oam is defined %}y{% else %}n{% endif %}{{ 'calico' in node.network }}", "nnTrue"},
		"white space control":                     {"a  {%- if true %} b {%- endif %}\n", "a b\n"},
		"the newline at the end stays":            {"a\n", "a\n"},
		"html is not escaped":                     {"{{ '<a & \"b\">' }}", "<a & \"b\">"},
		"comments and raw text":                   {"{# gone #}{% raw %}{{ stays }}{% endraw %}", "{{ stays }}"},
		"variables and macros":                    {"{% set x = 2 %}{% macro m(a, b=3) %}{{ a }}-{{ b }}{% endmacro %}{{ m(x) }}{{ m(1, b=x) }}", "2-31-2"},
		"values carried out of a loop":            {"{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "6"},
		"arithmetic":                              {"{{ 2 * 3 + 7 // 2 }} {{ node.interfaces.eth7.vf_count * 2 }} {{ '-' * 5 }}", "9 16 -----"},
		"virtual functions of an interface":       {"{{ node.interfaces.eth7.sriov }} {{ node.interfaces.eth7.vf_count }} {{ node.interfaces.eth7.trustedmode }} {{ node.interfaces.bond0.sriov }}", "True 8 True False"},
		"a map, sorted":                           {"{% for k, v in node.labels | dictsort %}{{ k }}={{ v }};{% endfor %}{{ {'a': 2, 'B': 1} | dictsort(by='value') }}{{ {'a': 2, 'B': 1} | dictsort(true, reverse=true) }}", "a-b=1;beta.kubernetes.io/fluentd-ds-ready=true;role=control;[['B', 1], ['a', 2]][['a', 2], ['B', 1]]"},
		"entries of a map":                        {"{% for n, a in node.network | items %}{{ n }}={{ a.ip }};{% endfor %}", "calico=10.20.72.11;default=10.20.30.11;mgmt=10.20.30.11;"},
		"lists, backwards":                        {"{{ [3, 1, 2] | reverse | join(',') }} {{ 'abc' | reverse }}", "2,1,3 cba"},
		"methods that split and join":             {"{{ 'a b  c'.split() }} {{ 'a,b,c'.split(',', 1) }} {{ '-'.join(node.tags) }} {{ '10.0.0.0/24'.split('/')[1] }}", "['a', 'b', 'c'] ['a', 'b,c'] control-lab 24"},
		"methods that strip and fill":             {"{{ ' a '.strip() }}|{{ 'xax'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'ab'.center(5, '*') }}|{{ 'x'.rjust(3, '0') }}|{{ 'x'.ljust(3) }}|", "a|a|a | a|**ab*|00x|x  |"},
		"methods that search":                     {"{{ 'abcabc'.count('bc') }} {{ 'äbc'.find('c') }} {{ 'abc'.find('z') }}", "2 2 -1"},
		"methods of text":                         {"{{ node.hostname.upper().replace('1', '2') }} {{ node.hostname.startswith('n') }}", "N2 True"},
		"what is known of the action":             {"{{ action.action_id }} {{ action.action_key }} {{ action.report_url }}", "id-of-a canary-action-key http://drydock.test/api/v1.0/bootactions/"},
		"a design reference within an URL":        {"http://x.test?design_ref={{ action.design_ref | urlencode }}&h=1", "http://x.test?design_ref=deckhand%2Bhttp%3A//deckhand.test/api/v1.0/revisions/7/rendered%3Fa%3Db%26c%3Dd&h=1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, made(t, action("a", template(c.source))).content(t, "/t"))
		})
	}
}

func TestTemplateMistakesAreNamedWithTheirLine(t *testing.T) {
	cases := map[string]struct{ source, want string }{
		"an address on a network that the node is not on": {"a\n\nip={{ node.network.oam.ip }}", "template line 3: node.network.oam.ip: a part of what is not there"},
		"an address that DHCP gives":                      {"{{ node.network.pxe.ip }}", "template line 1: node.network.pxe.ip"},
		"a value that a node has not":                     {"\n{{ node.hostnam }}", "template line 2: node.hostnam: there is no value called hostnam"},
		"a mistake within a loop":                         {"\n{% for t in node.tags %}\n{{ t.x.y }}\n{% endfor %}", "template line 3: t.x.y"},
		"an unknown filter":                               {"a\n{{ 'secret-canary' | nofilter }}", "template line 2: there is no filter nofilter"},
		"an unknown tag":                                  {"a\n{% frobnicate %}", "template line 2: the tag frobnicate is unknown"},
		"an end without a beginning":                      {"{% endfor %}", "template line 1: the tag endfor"},
		"a beginning without an end":                      {"{% if true %}canary", "is missing: elif, else, endif"},
		"an open expression":                              {"a\n{{ node.hostname", "template line 2: }} is missing"},
		"an expression that stops":                        {"a\n{{ foo( }}", "template line 2: a number, a text or a name is missing"},
		"a call of what is no function":                   {"{{ nothing('canary') }}", "template line 1: it is not a function"},
		"an unknown method, on a secret":                  {"{{ action.action_key.reverse() }}", "there is no method reverse"},
		"wrong arguments, on a secret":                    {"{{ action.action_key.upper(1) }}", "template line 1: wrong arguments for method 'upper'"},
		"a change that would be lost":                     {"{% set a = [] %}{{ a.append(1) }}", "there is no method append"},
		"wrong arguments for our own methods":             {"{{ 'a'.replace('canary') }}{{ 'a'.ljust() }}", "wrong arguments for method 'replace'"},
		"a division by zero":                              {"{{ 1 % 0 }}", "divides by zero"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := refused(t, action("a", template(c.source)))
			assert.ErrorContains(t, err, "make boot action a for node n1: asset 1 (file /t): step 2 of the pipeline (template): ")
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "canary", "neither the text nor a value of the template is told")
		})
	}
}

func TestTemplateThatAsksForWhatTheDeploymentHasNotIsRefused(t *testing.T) {
	for _, name := range []string{"action_id", "action_key", "report_url", "design_ref"} {
		t.Run(name, func(t *testing.T) {
			site, node := harbor(action("a", template("{{ action."+name+" }}")))
			_, err := bootaction.UserData(site, node, bootaction.Options{})
			assert.ErrorContains(t, err, "there is no value called "+name)
		})
	}
}

func TestTemplatesReadNoFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("canary"), 0o600))
	for name, tag := range map[string]string{
		"include":                    "{% include 'PATH' %}",
		"include that may be absent": "{% include 'PATH' ignore missing %}",
		"import":                     "{% import 'PATH' as x %}",
		"from":                       "{% from 'PATH' import x %}",
		"extends":                    "{% extends 'PATH' %}",
		"include in a branch":        "{% if true %}{% include 'PATH' %}{% endif %}",
	} {
		t.Run(name, func(t *testing.T) {
			err := refused(t, action("a", template(strings.ReplaceAll(tag, "PATH", secret))))
			assert.ErrorContains(t, err, "a template stands alone")
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestTemplatesSeeNoCredentialOfTheBMC(t *testing.T) {
	for _, source := range []string{"{{ node }}", "{{ node | tojson }}", "{{ node | pprint }}", "{{ node.items() }}", "{% for k in node %}{{ node[k] }}{% endfor %}"} {
		t.Run(source, func(t *testing.T) {
			text := made(t, action("a", template(source))).content(t, "/t")
			assert.Contains(t, text, "n1", "the template does see the node")
			assert.NotContains(t, text, "canary-credential")
		})
	}
	for _, source := range []string{"{{ node.oob }}", "{{ node.OOB.Credential.Reveal() }}", "{{ node.GetAttribute('oob') }}"} {
		t.Run(source, func(t *testing.T) { refused(t, action("a", template(source))) })
	}
}

func TestTemplatesThatGrowOrNeverEndAreStopped(t *testing.T) {
	cases := map[string]struct{ source, want string }{
		"a loop in a loop without output": {"{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}", "turns of loops"},
		"a long range":                    {"{% for a in range(1000000000) %}{% endfor %}", "range()"},
		"output without bounds":           {"{% for a in range(10000) %}" + strings.Repeat("x", 1000) + "{% endfor %}", "becomes longer than"},
		"a text without bounds":           {"{% set x %}{% for a in range(10000) %}" + strings.Repeat("x", 1000) + "{% endfor %}{% endset %}", "longer than"},
		"a text doubled again and again":  {"{% set ns = namespace(x='x') %}{% for a in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "the variable ns becomes larger"},
		"a list doubled again and again":  {"{% set ns = namespace(x=['x']) %}{% for a in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "the variable ns becomes larger"},
		"a text times a large number":     {"{{ 'x' * 1000000000 }}", "right side of a product"},
		"a text times and times again":    {"{{ 'x' * 10000 * 10000 * 10000 }}", "right side of a product"},
		"a text times a computed number":  {"{% set n = 99999999 %}{{ 'x' * 1 * n }}", "right side of a product"},
		"a text times a filtered number":  {"{{ 'x' * 1|replace('1', '999999999')|int }}", "right side of a product"},
		"a power":                         {"{{ 2 ** 9 }}", "powers"},
		"a wide filter":                   {"{{ 'x' | center(1000000000) }}", "number larger than"},
		"a wide filter by keyword":        {"{{ 'x' | indent(width=1000000000) }}", "number larger than"},
		"a wide format":                   {"{{ '%1000000000d' | format(1) }}", "number larger than"},
		"a wide method":                   {"{{ 'x'.ljust(1000000000) }}", "number larger than"},
		"a macro that calls itself":       {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macros within macros"},
		"a loop that calls itself":        {"{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "for with recursive"},
		"brackets without end":            {"{{ " + strings.Repeat("(", 100000) + "1", "brackets within brackets"},
		"a source without bounds":         {strings.Repeat("x", 300<<10), "larger than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			assert.ErrorContains(t, refused(t, action("a", template(c.source))), c.want)
			assert.Less(t, time.Since(begin), 30*time.Second)
		})
	}
}

func TestLimitsOfTemplatesCanBeSet(t *testing.T) {
	site, node := harbor(action("a", template("{% for a in range(100) %}{{ a }}{% endfor %}")))
	opts := options()
	_, err := bootaction.UserData(site, node, opts)
	require.NoError(t, err)
	opts.Limits.Steps = 50
	_, err = bootaction.UserData(site, node, opts)
	require.ErrorContains(t, err, "more than 50 turns of loops")
	opts.Limits = bootaction.Limits{Time: time.Nanosecond}
	_, err = bootaction.UserData(site, node, opts)
	require.ErrorContains(t, err, "longer than")
}

func TestLimitsLeaveRoomForRealTemplates(t *testing.T) {
	source := "{% macro line(i) %}{% if i % 2 %}odd{% else %}even{% endif %}{% endmacro %}" +
		"{% for i in range(2000) %}{{ line(i) | upper | center(20) }}\n{% endfor %}"
	text := made(t, action("a", template(source))).content(t, "/t")
	assert.Equal(t, 2000, strings.Count(text, "\n"))
}

func TestRandomResultsAreNotOffered(t *testing.T) {
	assert.ErrorContains(t, refused(t, action("a", template("{{ [1, 2] | random }}"))), "no filter random")
	assert.ErrorContains(t, refused(t, action("a", template("{{ lipsum() }}"))), "not a function")
}

func TestNodesAreRenderedSideBySide(t *testing.T) {
	site, _ := harbor(action("a", template("{{ node.hostname }}{% for k, v in node.labels.items() %}{{ k }}{% endfor %}")))
	for _, name := range []string{"n1", "n2", "n3", "n4"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := &design.Node{Name: name, OwnerData: map[string]string{name: "x"}}
			result, err := bootaction.UserData(site, node, options())
			require.NoError(t, err)
			assert.Equal(t, name+name, read(t, result.UserData).content(t, "/t"))
		})
	}
}
