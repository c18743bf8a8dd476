package maas

// xstep goes from one node to others.
type xstep struct {
	walk       func(*xnode) []*xnode
	predicates []xexpr
}

func (p *xparser) path() xexpr {
	absolute := false
	var steps []xstep
	switch {
	case p.take("//"):
		absolute = true
		steps = append(steps, xstep{walk: descendants}, p.step())
	case p.take("/"):
		absolute = true
		if p.at < len(p.tokens) {
			steps = append(steps, p.step())
		}
	default:
		steps = append(steps, p.step())
	}
	for !p.failed {
		if p.take("//") {
			steps = append(steps, xstep{walk: descendants})
		} else if !p.take("/") {
			break
		}
		steps = append(steps, p.step())
	}
	return func(c xcontext) xvalue {
		from := c.node
		for absolute && from.parent != nil {
			from = from.parent
		}
		nodes := []*xnode{from}
		for _, s := range steps {
			nodes = s.from(nodes)
		}
		return nodes
	}
}

func (s xstep) from(nodes []*xnode) []*xnode {
	seen := map[*xnode]bool{}
	var out []*xnode
	for _, n := range nodes {
		found := s.walk(n)
		for _, predicate := range s.predicates {
			var kept []*xnode
			for i, x := range found {
				v := predicate(xcontext{x, i + 1, len(found)})
				if n, ok := v.(float64); ok {
					v = n == float64(i+1)
				}
				if truth(v) {
					kept = append(kept, x)
				}
			}
			found = kept
		}
		for _, x := range found {
			if !seen[x] {
				seen[x] = true
				out = append(out, x)
			}
		}
	}
	return out
}

func descendants(n *xnode) []*xnode {
	out := []*xnode{n}
	for _, c := range n.children {
		out = append(out, descendants(c)...)
	}
	return out
}

func (p *xparser) step() xstep {
	var s xstep
	switch {
	case p.take(".."):
		s.walk = func(n *xnode) []*xnode {
			if n.parent == nil {
				return nil
			}
			return []*xnode{n.parent}
		}
	case p.take("."):
		s.walk = func(n *xnode) []*xnode { return []*xnode{n} }
	case p.take("@"):
		name := p.name()
		s.walk = func(n *xnode) []*xnode { return named(n.attrs, "@", name) }
	default:
		name := p.name()
		isText := name == "text" || name == "node"
		if isText && p.take("(") {
			p.expect(")")
			s.walk = func(n *xnode) []*xnode {
				var out []*xnode
				for _, c := range n.children {
					if c.name == "" || name == "node" {
						out = append(out, c)
					}
				}
				return out
			}
			break
		}
		s.walk = func(n *xnode) []*xnode { return named(n.children, "", name) }
	}
	for p.take("[") {
		s.predicates = append(s.predicates, p.or())
		p.expect("]")
	}
	return s
}

func (p *xparser) name() string {
	if p.take("*") {
		return "*"
	}
	if p.failed || p.peek(0) != "name" {
		p.failed = true
		return ""
	}
	p.at++
	return p.tokens[p.at-1].text
}

func named(list []*xnode, prefix, name string) []*xnode {
	var out []*xnode
	for _, n := range list {
		if n.name != "" && (name == "*" || n.name == prefix+name) {
			out = append(out, n)
		}
	}
	return out
}
