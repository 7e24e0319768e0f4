package guideline

import (
	"cmp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// plainly is a condition without CEL's machinery around it.
type plainly func(f *facts) bool

// plain turns a condition that CEL has checked into Go, or gives nil where it holds
// more than comparisons of names with constants, words and phrases of the narrative,
// and "and", "or", "not" between them. Nothing in that part can fail or overflow, so
// both ways of judging give the same answer; a test holds them equal. Most rules are
// of this kind, and it is what lets one core judge 100,000 lines a second.
func plain(tree *cel.Ast) plainly { return plainExpr(tree.NativeRep().Expr()) }

func plainExpr(e ast.Expr) plainly {
	if e.Kind() == ast.LiteralKind {
		b, ok := e.AsLiteral().(types.Bool)
		if !ok {
			return nil
		}
		return func(*facts) bool { return bool(b) }
	}
	if e.Kind() != ast.CallKind || e.AsCall().IsMemberFunction() {
		return nil
	}
	args := e.AsCall().Args()
	switch name := e.AsCall().FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr:
		return plainBoth(name == operators.LogicalAnd, args)
	case operators.LogicalNot:
		inner := plainExpr(args[0])
		if inner == nil {
			return nil
		}
		return func(f *facts) bool { return !inner(f) }
	case "has_word":
		return plainHas(args[1])
	case "has_phrase":
		return plainPhrase(args[1])
	case operators.In:
		return plainIn(args)
	default:
		return plainCompare(name, args)
	}
}

func plainBoth(and bool, args []ast.Expr) plainly {
	parts := make([]plainly, len(args))
	for i, a := range args {
		if parts[i] = plainExpr(a); parts[i] == nil {
			return nil
		}
	}
	return func(f *facts) bool {
		for _, p := range parts {
			if p(f) != and {
				return !and
			}
		}
		return and
	}
}

func plainHas(list ast.Expr) plainly {
	words, ok := constants[types.String](list)
	if !ok {
		return nil
	}
	low := make([]string, len(words))
	for i, w := range words {
		low[i] = strings.ToLower(string(w))
	}
	return func(f *facts) bool { return slices.ContainsFunc(low, f.j.text.has) }
}

func plainPhrase(e ast.Expr) plainly {
	p, ok := constant[types.String](e)
	if !ok || len(p) > maxPhrase {
		return nil
	}
	lx := seeking(string(p))
	return func(f *facts) bool { return lx.all(f.j.text.words) != nil }
}

func plainIn(args []ast.Expr) plainly {
	if args[0].Kind() != ast.IdentKind {
		return nil
	}
	name := args[0].AsIdent()
	if all, ok := constants[types.String](args[1]); ok && slices.Contains(textNames, name) {
		return func(f *facts) bool { return slices.Contains(all, types.String(f.text(name))) }
	}
	if all, ok := constants[types.Int](args[1]); ok && slices.Contains(numberNames, name) {
		return func(f *facts) bool { return slices.Contains(all, types.Int(f.integer(name))) }
	}
	return nil
}

// plainCompare is "name operator constant".
func plainCompare(op string, args []ast.Expr) plainly {
	if len(args) != 2 || args[0].Kind() != ast.IdentKind {
		return nil
	}
	holds, known := orders[op]
	name := args[0].AsIdent()
	if !known {
		return nil
	}
	if want, ok := constant[types.String](args[1]); ok && slices.Contains(textNames, name) {
		return func(f *facts) bool { return holds(strings.Compare(f.text(name), string(want))) }
	}
	if want, ok := constant[types.Int](args[1]); ok && slices.Contains(numberNames, name) {
		return func(f *facts) bool { return holds(cmp.Compare(f.integer(name), int64(want))) }
	}
	return nil
}

var orders = map[string]func(c int) bool{
	operators.Equals:        func(c int) bool { return c == 0 },
	operators.NotEquals:     func(c int) bool { return c != 0 },
	operators.Less:          func(c int) bool { return c < 0 },
	operators.LessEquals:    func(c int) bool { return c <= 0 },
	operators.Greater:       func(c int) bool { return c > 0 },
	operators.GreaterEquals: func(c int) bool { return c >= 0 },
}

func constant[T any](e ast.Expr) (v T, ok bool) {
	if e.Kind() != ast.LiteralKind {
		return v, false
	}
	v, ok = e.AsLiteral().(T)
	return v, ok
}

func constants[T any](e ast.Expr) ([]T, bool) {
	if e.Kind() != ast.ListKind || len(e.AsList().OptionalIndices()) > 0 {
		return nil, false
	}
	all := make([]T, 0, e.AsList().Size())
	for _, x := range e.AsList().Elements() {
		v, ok := constant[T](x)
		if !ok {
			return nil, false
		}
		all = append(all, v)
	}
	return all, true
}
