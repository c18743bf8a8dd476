package bootaction_test

import (
	"strings"
	"testing"
	"time"

	"drydock/design/bootaction"
)

// FuzzTemplates looks for templates that crash or hang the worker, or that tell a secret.
func FuzzTemplates(f *testing.F) {
	for _, source := range []string{
		"{{ node.hostname }}", "{% for k, v in node.labels.items() %}{{ k }}={{ v | urlencode }}{% endfor %}",
		"{% set ns = namespace(n=1) %}{% for i in range(9) %}{% set ns.n = ns.n * 2 %}{% endfor %}{{ ns.n }}",
		"{% macro m(a, *b, **c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% call m() %}x{% endcall %}",
		"{{ 'a,b'.split(',') | map('upper') | join('-') | center(9) | indent(2) }}", "{{ node[1:2:-1] }}{{ (1, 2)[0] }}{{ {'a': [1]}.a }}",
		"{% if node.tags is iterable and 'x' not in node.tags %}{{ 7 // 2 % 3 }}{% elif true %}{% else %}{% endif %}",
		"{% filter upper %}a{% endfilter %}{% with a = 1 %}{{ a }}{% endwith %}{% raw %}{{{% endraw %}{# x #}", "{{ loop.cycle }}{{ self.x() }}",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		site, node := harbor(action("a", template(source)))
		begin := time.Now()
		_, err := bootaction.UserData(site, node, options())
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
		if err != nil && !strings.Contains(source, "canary") && strings.Contains(err.Error(), "canary") {
			t.Errorf("told a secret: %v", err)
		}
	})
}
