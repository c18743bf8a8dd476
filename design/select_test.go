package design_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"drydock/design"
)

func filterSite() *design.Site {
	return &design.Site{
		Racks: []design.Rack{{Name: "r1", Labels: map[string]string{"row": "a", "power": "dual"}}, {Name: "r2", Labels: map[string]string{"row": "b", "power": "dual"}}},
		Nodes: []*design.Node{
			{Name: "n1", Rack: "r1", Tags: []string{"x"}, OwnerData: map[string]string{"role": "db", "tier": "1"}},
			{Name: "n2", Rack: "r2", Tags: []string{"x", "y"}, OwnerData: map[string]string{"role": "db"}},
			{Name: "n3", Rack: "r9", Tags: []string{"y"}},
			{Name: "n4"},
		},
	}
}

func TestSelect(t *testing.T) {
	type term = design.FilterTerm
	union, both := design.FilterUnion, design.FilterIntersection
	tests := map[string]struct {
		filter *design.NodeFilter
		want   []string
	}{
		"no filter selects all":                         {nil, []string{"n1", "n2", "n3", "n4"}},
		"an empty filter selects none":                  {&design.NodeFilter{}, nil},
		"an empty union selects none":                   {&design.NodeFilter{SetType: union}, nil},
		"an empty intersection selects none":            {&design.NodeFilter{SetType: both, Set: []term{}}, nil},
		"a union without criteria selects none":         {&design.NodeFilter{SetType: union, Set: []term{{Type: union}}}, nil},
		"an intersection without criteria selects none": {&design.NodeFilter{SetType: both, Set: []term{{Type: both}}}, nil},
		"names, in the order of the site":               {design.FilterNodes("n3", "n1", "n1", "gone"), []string{"n1", "n3"}},
		"tags are joined by or":                         {&design.NodeFilter{SetType: union, Set: []term{{Type: both, NodeTags: []string{"x", "y"}}}}, []string{"n1", "n2", "n3"}},
		"labels of a union are joined by or":            {&design.NodeFilter{Set: []term{{Type: union, NodeLabels: map[string]string{"role": "db", "tier": "1"}}}}, []string{"n1", "n2"}},
		"labels of an intersection are joined by and":   {&design.NodeFilter{Set: []term{{Type: both, NodeLabels: map[string]string{"role": "db", "tier": "1"}}}}, []string{"n1"}},
		"a label needs the value":                       {&design.NodeFilter{Set: []term{{NodeLabels: map[string]string{"role": ""}}}}, nil},
		"rack names":                                    {&design.NodeFilter{Set: []term{{RackNames: []string{"r2", "r9"}}}}, []string{"n2", "n3"}},
		"an empty rack name is no rack":                 {&design.NodeFilter{Set: []term{{RackNames: []string{""}}}}, nil},
		"rack labels go through the Rack documents":     {&design.NodeFilter{Set: []term{{RackLabels: map[string]string{"power": "dual"}}}}, []string{"n1", "n2"}},
		"rack labels of an intersection":                {&design.NodeFilter{Set: []term{{Type: both, RackLabels: map[string]string{"power": "dual", "row": "b"}}}}, []string{"n2"}},
		"criteria of an intersection":                   {&design.NodeFilter{Set: []term{{Type: both, NodeTags: []string{"x"}, RackNames: []string{"r2"}}}}, []string{"n2"}},
		"criteria of a union":                           {&design.NodeFilter{Set: []term{{Type: union, NodeTags: []string{"y"}, NodeNames: []string{"n4"}}}}, []string{"n2", "n3", "n4"}},
		"filters of an intersection":                    {&design.NodeFilter{SetType: both, Set: []term{{NodeTags: []string{"x"}}, {NodeTags: []string{"y"}}}}, []string{"n2"}},
		"filters of a union":                            {&design.NodeFilter{SetType: union, Set: []term{{NodeNames: []string{"n4"}}, {NodeTags: []string{"y"}}}}, []string{"n2", "n3", "n4"}},
		"a missing set type is an intersection":         {&design.NodeFilter{Set: []term{{NodeTags: []string{"x"}}, {NodeNames: []string{"n2", "n3"}}}}, []string{"n2"}},
		"a filter without criteria spoils a set":        {&design.NodeFilter{SetType: both, Set: []term{{NodeTags: []string{"x"}}, {}}}, nil},
		"an unknown set type selects none":              {&design.NodeFilter{SetType: "all", Set: []term{{NodeTags: []string{"x"}}}}, nil},
		"an unknown filter type selects none":           {&design.NodeFilter{SetType: union, Set: []term{{Type: "all", NodeTags: []string{"x"}}}}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, n := range test.filter.Select(filterSite()) {
				got = append(got, n.Name)
			}
			assert.Equal(t, test.want, got)
		})
	}
	assert.Empty(t, design.FilterNodes("n1").Select(nil))
}

func TestCheckNamesEveryMistakeOfAFilter(t *testing.T) {
	filter := &design.NodeFilter{SetType: "all", Set: []design.FilterTerm{
		{Type: "some", NodeNames: []string{"n1", "n7"}}, {RackNames: []string{"r9", "r7"}, RackLabels: map[string]string{"colour": "red"}},
	}}
	err := filter.Check(filterSite())
	for _, part := range []string{`"all"`, `"some" of filter 1`, `"n7"`, `"r7"`, `"colour"`} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), `"r9"`, "a rack without a document is a rack all the same")
	assert.NoError(t, (*design.NodeFilter)(nil).Check(filterSite()))
	assert.NoError(t, (&design.NodeFilter{Set: []design.FilterTerm{{NodeTags: []string{"x"}}}}).Check(filterSite()))
	assert.Error(t, (&design.NodeFilter{SetType: "x"}).Check(nil))
}
