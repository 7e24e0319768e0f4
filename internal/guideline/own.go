package guideline

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
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
	loops   bool // it is counted and timed
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
	program, loop, err := condition(r.When)
	if err != nil {
		bad.Add("when", "rule_condition", "%v", err)
	}
	if len(bad) > 0 {
		return nil, ErrOwnRule.On(bad...)
	}
	return &Own{OwnRule: r, Version: version, program: program, loops: loop}, nil
}

func condition(when string) (program cel.Program, loop bool, err error) {
	if len(when) > maxCondition {
		return nil, false, fmt.Errorf("the condition has %d bytes; at most %d", len(when), maxCondition)
	}
	env, err := language()
	if err != nil {
		return nil, false, err
	}
	tree, issues := env.Compile(when)
	if err := issues.Err(); err != nil {
		return nil, false, errors.New(strings.ReplaceAll(err.Error(), "ERROR: <input>:", "line "))
	}
	if tree.OutputType() != cel.BoolType {
		return nil, false, fmt.Errorf("the condition gives %s; it has to be true or false", tree.OutputType())
	}
	if !loops(tree) {
		// Each part runs at most once, so that 4 KiB of source are the limit; counting
		// would cost ten times the rule.
		program, err = env.Program(tree, cel.EvalOptions(cel.OptOptimize))
		return program, false, err
	}
	program, err = env.Program(tree, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	return program, true, err
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
	for it := l.Iterator(); it.HasNext() == types.True; {
		if w, ok := it.Next().(types.String); ok && t.has(strings.ToLower(string(w))) {
			return types.True
		}
	}
	return types.False
}

func hasPhrase(n, phrase ref.Val) ref.Val {
	t, ok := n.(narrativeValue)
	p, isText := phrase.(types.String)
	if !ok || !isText || len(p) > 200 {
		return types.NewErr("a phrase is text of at most 200 bytes")
	}
	lx := &lexicon{byFirst: map[string][]*term{}}
	lx.add(restricted, string(p))
	return types.Bool(lx.all(t.words) != nil)
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
	l := &f.j.Line
	switch name {
	case "narrative":
		return narrativeValue{f.j.text}, true
	case "kind":
		return string(l.Kind), true
	case "client":
		return l.Client, true
	case "matter":
		return l.Matter, true
	case "timekeeper":
		return l.Timekeeper, true
	case "class":
		return l.Class, true
	case "task":
		return f.j.Task, true
	case "activity":
		return f.j.Activity, true
	case "expense":
		return f.j.Expense, true
	case "currency":
		return string(l.Currency), true
	}
	return f.number(name)
}

func (f facts) number(name string) (any, bool) {
	l := &f.j.Line
	switch name {
	case "minutes":
		return int64(l.Hours) * 60 / 10_000, true
	case "value_minor":
		return l.ValueMinor, true
	case "rate_minor":
		return l.minor(l.Rate), true
	case "unit_cost_minor":
		return l.minor(l.UnitCost), true
	case "quantity":
		return int64(l.Quantity) / 10_000, true
	case "words":
		return int64(len(f.j.text.words)), true
	case "characters":
		return int64(len([]rune(f.j.text.folded))), true
	case "year":
		return int64(l.On.Year()), true
	case "month":
		return int64(l.On.Month()), true
	case "day":
		return int64(l.On.Day()), true
	case "weekday": // 1 is Monday
		return int64((l.On.Weekday()+6)%7 + 1), true
	}
	return nil, false
}

func (l *Line) minor(price money.Fixed4) int64 {
	v, err := money.Line(10_000, price, l.Currency, money.HalfUp)
	if err != nil {
		return 0
	}
	return v
}

// fires judges one line. ErrOwnRun when the rule cannot be judged on it.
func (o *Own) fires(j *job) (fired bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			fired, err = false, ErrOwnRun.With("rule %s failed: %v", o.ID, p)
		}
	}()
	var out ref.Val
	if o.loops {
		ctx, cancel := context.WithTimeout(context.Background(), maxRunTime)
		defer cancel()
		out, _, err = o.program.ContextEval(ctx, facts{j})
	} else {
		out, _, err = o.program.Eval(facts{j})
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
	for _, o := range j.policy.Own {
		fired, err := o.fires(j)
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
