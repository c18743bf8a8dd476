package maas

import (
	"strconv"
	"strings"
	"unicode"
)

type xtoken struct {
	kind string // "name", "number", "string", or the operator itself
	text string
}

// xtokens splits an expression; nil when there is something that no expression has.
func xtokens(s string) []xtoken {
	out := []xtoken{}
	for i := 0; i < len(s); {
		c := rune(s[i])
		switch {
		case unicode.IsSpace(c):
			i++
		case c == '"' || c == '\'':
			end := strings.IndexByte(s[i+1:], s[i])
			if end < 0 {
				return nil
			}
			out = append(out, xtoken{"string", s[i+1 : i+1+end]})
			i += end + 2
		case unicode.IsDigit(c):
			j := i
			for j < len(s) && (unicode.IsDigit(rune(s[j])) || s[j] == '.') {
				j++
			}
			out = append(out, xtoken{"number", s[i:j]})
			i = j
		case unicode.IsLetter(c) || c == '_':
			j := i
			for j < len(s) && (unicode.IsLetter(rune(s[j])) || unicode.IsDigit(rune(s[j])) || strings.IndexByte("_-.", s[j]) >= 0) {
				j++
			}
			out = append(out, xtoken{"name", s[i:j]})
			i = j
		default:
			op := ""
			for _, x := range []string{"//", "..", "!=", "<=", ">=", "/", ".", "@", "*", "[", "]", "(", ")", ",", "=", "<", ">", "|", "+", "-"} {
				if strings.HasPrefix(s[i:], x) {
					op = x
					break
				}
			}
			if op == "" {
				return nil
			}
			out = append(out, xtoken{op, op})
			i += len(op)
		}
	}
	return out
}

// xparser is a recursive descent over the tokens; after a failure what it returns is not used.
type xparser struct {
	tokens []xtoken
	at     int
	failed bool
}

func (p *xparser) peek(ahead int) string {
	if p.at+ahead < len(p.tokens) {
		return p.tokens[p.at+ahead].kind
	}
	return ""
}

func (p *xparser) take(kind string) bool {
	if p.failed || p.peek(0) != kind {
		return false
	}
	p.at++
	return true
}

func (p *xparser) word(w string) bool {
	if !p.failed && p.peek(0) == "name" && p.tokens[p.at].text == w {
		p.at++
		return true
	}
	return false
}

func (p *xparser) expect(kind string) {
	if !p.take(kind) {
		p.failed = true
	}
}

func (p *xparser) or() xexpr {
	e := p.and()
	for p.word("or") {
		a, b := e, p.and()
		e = func(c xcontext) xvalue { return truth(a(c)) || truth(b(c)) }
	}
	return e
}

func (p *xparser) and() xexpr {
	e := p.comparison()
	for p.word("and") {
		a, b := e, p.comparison()
		e = func(c xcontext) xvalue { return truth(a(c)) && truth(b(c)) }
	}
	return e
}

func (p *xparser) comparison() xexpr {
	e := p.sum()
	for {
		op := p.peek(0)
		switch op {
		case "=", "!=", "<", "<=", ">", ">=":
		default:
			return e
		}
		p.at++
		a, b := e, p.sum()
		e = func(c xcontext) xvalue { return compare(op, a(c), b(c)) }
	}
}

func (p *xparser) sum() xexpr {
	e := p.product()
	for {
		sign := 1.0
		switch {
		case p.take("+"):
		case p.take("-"):
			sign = -1
		default:
			return e
		}
		a, b := e, p.product()
		e = func(c xcontext) xvalue { return numberOf(a(c)) + sign*numberOf(b(c)) }
	}
}

func (p *xparser) product() xexpr {
	e := p.union()
	for {
		div := false
		switch {
		case p.take("*"):
		case p.word("div"):
			div = true
		default:
			return e
		}
		a, b := e, p.union()
		e = func(c xcontext) xvalue {
			if div {
				return numberOf(a(c)) / numberOf(b(c))
			}
			return numberOf(a(c)) * numberOf(b(c))
		}
	}
}

func (p *xparser) union() xexpr {
	e := p.primary()
	for p.take("|") {
		a, b := e, p.primary()
		e = func(c xcontext) xvalue {
			x, _ := a(c).([]*xnode)
			y, _ := b(c).([]*xnode)
			return append(append([]*xnode(nil), x...), y...)
		}
	}
	return e
}

func (p *xparser) primary() xexpr {
	switch {
	case p.failed:
	case p.peek(0) == "string":
		s := p.tokens[p.at].text
		p.at++
		return func(xcontext) xvalue { return s }
	case p.peek(0) == "number":
		n, err := strconv.ParseFloat(p.tokens[p.at].text, 64)
		p.failed = err != nil
		p.at++
		return func(xcontext) xvalue { return n }
	case p.take("("):
		e := p.or()
		p.expect(")")
		return e
	case p.peek(0) == "name" && p.peek(1) == "(" && p.tokens[p.at].text != "text" && p.tokens[p.at].text != "node":
		return p.function()
	}
	return p.path()
}

func (p *xparser) function() xexpr {
	f, known := xfunctions[p.tokens[p.at].text]
	p.at += 2
	var args []xexpr
	for !p.failed && p.peek(0) != ")" {
		if len(args) > 0 {
			p.expect(",")
		}
		args = append(args, p.or())
	}
	p.expect(")")
	if !known || len(args) < f.least || len(args) > f.most {
		p.failed = true
	}
	return func(c xcontext) xvalue {
		values := make([]xvalue, len(args))
		for i, a := range args {
			values[i] = a(c)
		}
		return f.call(c, values)
	}
}
