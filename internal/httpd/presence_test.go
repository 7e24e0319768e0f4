package httpd

import (
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
)

func TestPresence(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*redis.Client{"in Redis": testkit.Redis(t), "alone": nil, "Redis away": redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.At(testkit.Now)
			p := NewPresence(r, c)
			const mine, theirs, ines, maya = ident.FirmID("a"), ident.FirmID("b"), ident.PersonID("ines"), ident.PersonID("maya")
			is := func(when string, want ...Here) {
				t.Helper()
				if got := p.At(t.Context(), []ident.FirmID{mine, theirs}, []string{"item", "item"}); !slices.Equal(got[0], want) || len(got[1]) != 0 {
					t.Errorf("%s: %v, want %v and nobody at another firm's", when, got, want)
				}
			}
			is("before")
			p.See(t.Context(), mine, "item", maya, Viewing)
			p.See(t.Context(), mine, "item", ines, Viewing)
			p.See(t.Context(), mine, "item", ines, Typing)
			is("two", Here{ines, Typing}, Here{maya, Viewing})
			c.Advance(presentFor / 2)
			p.See(t.Context(), mine, "item", ines, Viewing)
			c.Advance(presentFor / 2)
			is("one of whom stopped giving a sign", Here{ines, Viewing})
			p.Leave(t.Context(), mine, "item", ines)
			is("after")
		})
	}
}
