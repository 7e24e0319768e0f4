package testkit

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Keyed gives a call of the API that posts an Idempotency-Key of its own, as every
// program is to do for what makes something.
func Keyed(r *http.Request) {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/api/") {
		r.Header.Set("Idempotency-Key", uuid.NewString())
	}
}
