package guideline

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// OwnRule is a rule that a firm writes itself: a condition in CEL over one line.
type OwnRule struct {
	ID       string   `json:"id"` // "PEL-01"; not that of a built-in rule
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	When     string   `json:"when"`
	Message  string   `json:"message"` // a sentence
	Fix      string   `json:"fix"`
}

// Own is a compiled rule, safe for concurrent use.
type Own struct {
	OwnRule
	Version int
	program cel.Program
	loops   bool    // it is counted and timed
	plain   plainly // the program in Go; nil when only CEL can judge it
}

// ErrOwnRule refuses a rule that cannot be used; the field "when" has the place.
var ErrOwnRule = fault.New(fault.Invalid, "rule_invalid", "this rule cannot be used")

// ErrOwnRun is a rule that could not be judged on a line: too dear, too slow, or an
// operation without an answer. The other rules go on.
var ErrOwnRun = fault.New(fault.Conflict, "rule_failed", "the rule could not be judged on this line")

// Limits of SECURITY T19. Cost counts only after a call, so no function that a rule
// may call is dearer than its arguments are long.
const (
	maxOwnRules  = 200
	maxCondition = 4 << 10
	maxRead      = 20 << 10 // bytes of a narrative that rules see
	maxPhrase    = 200      // bytes
	maxCost      = 100_000
	maxRunTime   = 50 * time.Millisecond
)

var ownID = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,9}-[0-9]{2,3}$`)

// Compile checks a rule whole. It returns ErrOwnRule with every complaint; that
// about the condition shows the place with a caret.
func (r OwnRule) Compile(version int) (*Own, error) {
	var bad fault.Fields
	if _, taken := RuleByID(r.ID); taken || !ownID.MatchString(r.ID) {
		bad.Add("id", "rule_id", "%q is not free or not like PEL-01", r.ID)
	}
	if r.Severity != Warn && r.Severity != Block {
		bad.Add("severity", "rule_severity", "%q is not warn or block", r.Severity)
	}
	for _, f := range []struct{ path, text string }{{"name", r.Name}, {"message", r.Message}, {"fix", r.Fix}} {
		if f.text != clean(f.text) || strings.TrimSpace(f.text) == "" || len(f.text) > 500 {
			bad.Add(f.path, "rule_text", "write 1 to 500 plain characters")
		}
	}
	o, err := condition(r.When)
	if err != nil {
		bad.Add("when", "rule_condition", "%v", err)
	}
	if len(bad) > 0 {
		return nil, ErrOwnRule.On(bad...)
	}
	o.OwnRule, o.Version = r, version
	return &o, nil
}

func condition(when string) (o Own, err error) {
	if len(when) > maxCondition {
		return o, fmt.Errorf("the condition has %d bytes; at most %d", len(when), maxCondition)
	}
	env, err := language()
	if err != nil {
		return o, err
	}
	tree, issues := env.Compile(when)
	if err := issues.Err(); err != nil {
		return o, errors.New(inWords(err.Error()))
	}
	if tree.OutputType() != cel.BoolType {
		return o, fmt.Errorf("the condition gives %s; it has to be true or false", kindOfValue.Replace(tree.OutputType().String()))
	}
	if !loops(tree) {
		// Each part runs at most once, so that 4 KiB of source are the limit; counting
		// would cost ten times the rule.
		o.plain = plain(tree)
		o.program, err = env.Program(tree, cel.EvalOptions(cel.OptOptimize))
		return o, err
	}
	o.loops = true
	o.program, err = env.Program(tree, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	return o, err
}

func loops(a *cel.Ast) bool {
	root := ast.NavigateAST(a.NativeRep())
	return root.Kind() == ast.ComprehensionKind || len(ast.MatchDescendants(root, ast.KindMatcher(ast.ComprehensionKind))) > 0
}

// narrativeType keeps the text out of the reach of CEL's string functions: rules ask
// for words, which were cut once for all of them.
var narrativeType = cel.ObjectType("docketry.Narrative")

// language is what conditions are written in. Amounts are minor units and times
// minutes, both integers, so that nothing is rounded.
var language = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.StdLib(), cel.ParserExpressionSizeLimit(maxCondition), cel.ParserRecursionLimit(50), cel.ExpressionNodeLimit(2000),
		cel.ASTValidators(cel.ValidateComprehensionNestingLimit(1)),
		cel.Variable("narrative", narrativeType),
		cel.Function("has_word", cel.Overload("has_word_any", []*cel.Type{narrativeType, cel.ListType(cel.StringType)}, cel.BoolType, cel.BinaryBinding(hasWord))),
		cel.Function("has_phrase", cel.Overload("has_phrase_text", []*cel.Type{narrativeType, cel.StringType}, cel.BoolType, cel.BinaryBinding(hasPhrase))),
	}
	for _, name := range textNames {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	for _, name := range numberNames {
		options = append(options, cel.Variable(name, cel.IntType))
	}
	return cel.NewCustomEnv(options...)
})

var (
	textNames   = []string{"kind", "client", "matter", "timekeeper", "class", "task", "activity", "expense", "currency"}
	numberNames = []string{"minutes", "value_minor", "rate_minor", "unit_cost_minor", "quantity", "words", "characters", "year", "month", "day", "weekday"}
)

// narrativeValue is a narrative as a CEL value.
type narrativeValue struct{ *text }

func (n narrativeValue) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a narrative is no %s", t.TypeName())
}
func (n narrativeValue) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a narrative is no %s", t)
}
func (n narrativeValue) Equal(ref.Val) ref.Val { return types.False }
func (n narrativeValue) Type() ref.Type        { return narrativeType }
func (n narrativeValue) Value() any            { return n.folded }
func (n narrativeValue) Size() ref.Val         { return types.Int(len(n.words)) }

func hasWord(n, list ref.Val) ref.Val {
	t, ok := n.(narrativeValue)
	l, isList := list.(traits.Lister)
	if !ok || !isList {
		return types.MaybeNoSuchOverloadErr(list)
	}
	n64, _ := l.Size().(types.Int)
	for i := range n64 { // an iterator would be the dearest thing in a rule
		if w, ok := l.Get(i).(types.String); ok && t.has(strings.ToLower(string(w))) {
			return types.True
		}
	}
	return types.False
}

func hasPhrase(n, phrase ref.Val) ref.Val {
	t, ok := n.(narrativeValue)
	p, isText := phrase.(types.String)
	if !ok || !isText || len(p) > maxPhrase {
		return types.NewErr("a phrase is text of at most %d bytes", maxPhrase)
	}
	return types.Bool(seeking(string(p)).all(t.words) != nil)
}

// seeking is a lexicon of one phrase.
func seeking(p string) *lexicon {
	lx := &lexicon{byFirst: map[string][]*term{}}
	lx.add(restricted, p)
	return lx
}

func (t *text) has(word string) bool {
	if t.set == nil {
		t.set = make(map[string]bool, len(t.words))
		for _, w := range t.words {
			t.set[w.low] = true
		}
	}
	return t.set[word]
}

// facts resolve the names of a condition for one line.
type facts struct{ j *job }

// Parent is nil: there is no wider scope.
func (f facts) Parent() cel.Activation { return nil }

// ResolveName is the value of a name, as CEL asks for it.
func (f facts) ResolveName(name string) (any, bool) {
	switch {
	case name == "narrative":
		return narrativeValue{f.j.text}, true
	case slices.Contains(textNames, name):
		return f.text(name), true
	case slices.Contains(numberNames, name):
		return f.integer(name), true
	}
	return nil, false
}

// text is the value of one of textNames.
func (f facts) text(name string) string {
	l := &f.j.Line
	switch name {
	case "kind":
		return string(l.Kind)
	case "client":
		return l.Client
	case "matter":
		return l.Matter
	case "timekeeper":
		return l.Timekeeper
	case "class":
		return l.Class
	case "task":
		return f.j.Task
	case "activity":
		return f.j.Activity
	case "expense":
		return f.j.Expense
	default:
		return string(l.Currency)
	}
}

// integer is the value of one of numberNames.
func (f facts) integer(name string) int64 {
	l := &f.j.Line
	switch name {
	case "minutes":
		return int64(l.Hours) * 60 / 10_000
	case "value_minor":
		return l.ValueMinor
	case "rate_minor":
		return l.minor(l.Rate)
	case "unit_cost_minor":
		return l.minor(l.UnitCost)
	case "quantity":
		return int64(l.Quantity) / 10_000
	case "words":
		return int64(len(f.j.text.words))
	case "characters":
		return int64(len([]rune(f.j.text.folded)))
	case "year":
		return int64(l.On.Year())
	case "month":
		return int64(l.On.Month())
	case "day":
		return int64(l.On.Day())
	default: // weekday: 1 is Monday
		return int64((l.On.Weekday()+6)%7 + 1)
	}
}

func (l *Line) minor(price money.Fixed4) int64 {
	v, err := money.Line(10_000, price, l.Currency, money.HalfUp)
	if err != nil {
		return 0
	}
	return v
}

// fires judges one line. ErrOwnRun when the rule cannot be judged on it.
func (o *Own) fires(f *facts) (fired bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			fired, err = false, ErrOwnRun.With("rule %s failed: %v", o.ID, p)
		}
	}()
	if o.plain != nil {
		return o.plain(f), nil
	}
	var out ref.Val
	if o.loops {
		ctx, cancel := context.WithTimeout(context.Background(), maxRunTime)
		defer cancel()
		out, _, err = o.program.ContextEval(ctx, *f)
	} else {
		out, _, err = o.program.Eval(*f)
	}
	if err != nil {
		return false, ErrOwnRun.With("rule %s: %v", o.ID, err).Because(err)
	}
	return out == types.True, nil
}

// own runs the firm's rules of the policy.
func (j *job) own() {
	if len(j.policy.Own) > 0 && len(j.Narrative) > maxRead {
		j.text = read(j.Narrative[:maxRead])
	}
	f := &facts{j}
	for _, o := range j.policy.Own {
		fired, err := o.fires(f)
		switch {
		case err != nil && j.Failed != nil:
			j.Failed(j.ID, err)
		case fired:
			j.rule = &rule{Rule: Rule{ID: o.ID, Name: o.Name, Severity: o.Severity, Version: o.Version}}
			j.report(remark{field: "line", observed: o.When, expected: "not so", fact: o.Message, ask: lowerFirst(o.Name), fix: o.Fix, atRisk: j.share(j.policy.BlockShare)})
		}
	}
}

func lowerFirst(s string) string {
	if s == "" || strings.ToUpper(s) == s {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// compileAll compiles the rules of a file and names each complaint by its rule.
func compileAll(bad *fault.Fields, rules []OwnRule) (out []*Own) {
	seen := map[string]bool{}
	for i, r := range rules {
		at := fmt.Sprintf("rules.%d.", i)
		if seen[r.ID] {
			bad.Add(at+"id", "rule_twice", "%s stands twice", r.ID)
		}
		seen[r.ID] = true
		o, err := r.Compile(1)
		var f *fault.Error
		if errors.As(err, &f) {
			for _, x := range f.Fields {
				bad.Add(at+x.Path, x.Code, "%s", x.Message)
			}
			continue
		}
		out = append(out, o)
	}
	return out
}
