package worklist

import "github.com/docketry/docketry/internal/authz"

// Seen is the condition on w (work_item) and m (matter, joined by w.matter_id) for what
// a person may know of, for who counts items of others.
func Seen(a *authz.Access) (cond string, args []any) { return seen(a) }
