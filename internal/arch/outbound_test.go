package arch

import (
	"go/ast"
	"slices"
	"testing"
)

// callers are the names of net/http and net/http/httputil that call another machine.
var callers = []string{"Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm", "NewFileTransport", "ReverseProxy", "NewSingleHostReverseProxy"}

// One client reaches out (SECURITY T20): a second one would be a way around it.
func TestT20_OneOutboundClient(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		if slices.Contains(free, f.pkg) {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, isID := s.X.(*ast.Ident); isID && (x.Name == "http" || x.Name == "httputil") && slices.Contains(callers, s.Sel.Name) && !outboundItself(f, s.Sel.Name) {
				t.Errorf("%s: %s.%s: call other machines through internal/outbound", f.line(n), x.Name, s.Sel.Name)
			}
			if x, isID := s.X.(*ast.Ident); isID && x.Name == "outbound" && s.Sel.Name == "Loopback" {
				t.Errorf("%s: outbound.Loopback is for tests", f.line(n))
			}
			return true
		})
	}
}

// outboundItself makes the client; others may name the type to be given it.
func outboundItself(f file, name string) bool {
	return f.pkg == "internal/outbound" && (name == "Client" || name == "Transport")
}
