// Package app builds everything out of its parts: the services over one database
// role, the web server, the worker. Commands and end-to-end tests start the same
// thing.
package app

import (
	"fmt"
	"log/slog"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/rbac"
)

// Parts is what a program is made of. Config.Keys must be complete.
type Parts struct {
	Config  config.Config
	DB      *db.DB
	Clock   clock.Clock
	Log     *slog.Logger
	Hasher  *people.Hasher // argon2id at full cost; tests use a cheap one
	Courier people.Courier // carries invitations; nil is the mail service
}

// Services are the use cases, over one database role.
type Services struct {
	Parts
	Guard   *authz.Guard
	Metrics *obs.Metrics
	People  *people.Service
	Firms   *firm.Service
	Matters *matter.Service
	Rates   *rate.Service
}

// NewServices builds every service.
func NewServices(p Parts) (*Services, error) {
	policy, err := rbac.New()
	if err != nil {
		return nil, err
	}
	if p.Hasher == nil {
		if p.Hasher, err = people.NewHasher(people.Strong()); err != nil {
			return nil, fmt.Errorf("make the password hasher: %w", err)
		}
	}
	s := &Services{Parts: p, Guard: authz.NewGuard(p.DB, policy), Metrics: obs.NewMetrics()}
	s.People = people.New(p.DB, s.Guard, policy, p.Hasher, p.Courier, p.Config.Keys.Session)
	s.Firms = firm.NewService(p.DB, s.Guard, s.People)
	s.Matters = matter.New(p.DB, s.Guard)
	s.Rates = rate.New(p.DB, s.Guard)
	return s, nil
}
