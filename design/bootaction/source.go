package bootaction

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

// checkSource refuses what can't be metered while it happens: the engine evaluates an expression in one go and by
// recursion, so that neither its depth nor what it multiplies can be stopped in the middle.
func checkSource(source string) error {
	if len(source) > maxSource {
		return fmt.Errorf("template of %d bytes is larger than the %d that are allowed", len(source), maxSource)
	}
	var (
		all     = lex(source)
		nesting int
		product = 1
	)
	for i, token := range all {
		switch token.Type {
		case tokens.VariableBegin, tokens.BlockBegin:
			nesting, product = 0, 1
		case tokens.LeftParenthesis, tokens.LeftBracket, tokens.LeftBrace:
			if nesting++; nesting > maxNesting {
				return fmt.Errorf("template line %d: more than %d brackets within brackets", token.Line, maxNesting)
			}
		case tokens.RightParenthesis, tokens.RightBracket, tokens.RightBrace:
			nesting--
		case tokens.Multiply, tokens.Power:
			if !hasLeftOperand(all, i) {
				continue // *args or **kwargs of a macro
			}
			if token.Type == tokens.Power {
				return fmt.Errorf("template line %d: powers (**) are not allowed", token.Line)
			}
			factor, ok := factorAt(all, i)
			if !ok || product > maxProduct/factor {
				return fmt.Errorf("template line %d: %w", token.Line, errProduct)
			}
			product *= factor
		}
	}
	return nil
}

var errProduct = errors.New("the right side of a product (*) has to be a plain number, and not a large one: " +
	"text times a number makes a text that many times as long")

func lex(source string) []*tokens.Token {
	var all []*tokens.Token
	for stream := tokens.LexAll(source, engineConfig()); !stream.End(); stream.Next() {
		all = append(all, stream.Current())
	}
	return all
}

func typeAt(all []*tokens.Token, i int) tokens.Type {
	if i < 0 || i >= len(all) {
		return tokens.EOF
	}
	return all[i].Type
}

func hasLeftOperand(all []*tokens.Token, i int) bool {
	return !slices.Contains([]tokens.Type{tokens.LeftParenthesis, tokens.Comma, tokens.EOF}, typeAt(all, i-1))
}

// factorAt is by how much the product at i may make a text longer. A number alone on the left makes it a product of
// numbers, which is harmless.
func factorAt(all []*tokens.Token, i int) (factor int, ok bool) {
	chain := []tokens.Type{tokens.Multiply, tokens.Division, tokens.FloorDivision, tokens.Modulo}
	if typeAt(all, i-1) == tokens.Integer && !slices.Contains(chain, typeAt(all, i-2)) {
		return 1, true
	}
	postfix := []tokens.Type{tokens.Dot, tokens.Pipe, tokens.LeftBracket, tokens.LeftParenthesis, tokens.Power}
	if typeAt(all, i+1) != tokens.Integer || slices.Contains(postfix, typeAt(all, i+2)) {
		return 0, false
	}
	n, err := strconv.Atoi(all[i+1].Val)
	if err != nil || n > maxProduct {
		return 0, false
	}
	return max(n, 1), true
}
