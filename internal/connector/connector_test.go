package connector_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// desk is a firm with a receiver whose server is a real one on this machine.
type desk struct {
	d        *db.DB
	f        testkit.F
	clock    *clock.Manual
	svc      *connector.Service
	open     *connector.Service // as it is outside of tests
	portals  *portal.Service
	receiver portal.Profile
	server   *testkit.FileServer
	admin    context.Context
}

func setup(t *testing.T) desk {
	t.Helper()
	c := clock.At(testkit.Now)
	k := desk{clock: c, d: testkit.OpenDatabase(t, "docketry_api", testkit.NewDatabase(t), c), server: testkit.SFTP(t)}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	guard, keys := authz.NewGuard(k.d, policy), blob.NewKeys(master)
	k.svc = connector.New(k.d, guard, keys, carry.New(outbound.New(outbound.Loopback{})))
	k.open = connector.New(k.d, guard, keys, carry.New(outbound.New()))
	k.portals = portal.New(k.d, guard)
	k.f = testkit.Firm(t, k.d)
	k.admin = k.f.As(t, rbac.RoleFirmAdmin)
	k.receiver = k.gate(t)
	return k
}

func (k *desk) gate(t *testing.T) portal.Profile {
	t.Helper()
	p, err := k.portals.Save(k.admin, portal.Profile{Name: fmt.Sprint("Gate ", t.Name()), Settings: portal.Standard()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (k *desk) draft() connector.Draft {
	return connector.Draft{Secret: seal.Secret(k.server.Password), Connector: connector.Connector{Portal: k.receiver.ID, Way: carry.SFTP, Host: k.server.Host, Port: k.server.Port, Folder: "/in",
		HostKey: k.server.HostKeys[0], User: k.server.User, Auth: carry.Password}}
}

func codes(err error) (list []string) {
	var f *fault.Error
	if errors.As(err, &f) {
		for _, x := range f.Fields {
			list = append(list, x.Path)
		}
	}
	return list
}

func TestSetUpTriedChangedForgotten(t *testing.T) {
	t.Parallel()
	k := setup(t)
	if _, err := k.svc.Get(k.admin, k.receiver.ID); !errors.Is(err, connector.ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	by := k.receiver
	by.Route = portal.RouteConnector
	if _, err := k.portals.Save(k.admin, by); !slices.Equal(codes(err), []string{"route"}) {
		t.Errorf("by itself where nobody said how: %v", err)
	}
	c, err := k.svc.Save(k.admin, k.draft())
	if err != nil || c.Version != 1 || c.Tried != "" {
		t.Fatalf("%+v, %v %v", c, err, codes(err))
	}
	if c, err = k.svc.Try(k.admin, k.receiver.ID); err != nil || c.Tried != connector.Works || c.TriedAt == nil {
		t.Fatalf("try: %+v, %v", c, err)
	}
	if k.server.Came("open")+k.server.Came("rename") != 0 {
		t.Error("a try wrote")
	}
	if _, err := k.svc.Try(k.admin, k.receiver.ID); !errors.Is(err, connector.ErrTries) {
		t.Errorf("at once again: %v", err)
	}
	k.clock.Advance(time.Minute)
	k.server.HangUp("login")
	if c, err = k.svc.Try(k.admin, k.receiver.ID); err != nil || c.Tried != string(carry.ServerFault) && c.Tried != string(carry.Unreachable) {
		t.Errorf("a server that hangs up: %+v, %v", c, err)
	}

	d := k.draft()
	d.Version, d.Folder, d.Secret = c.Version, "/elsewhere", ""
	if c, err = k.svc.Save(k.admin, d); err != nil || c.Version != 2 || c.Folder != "/elsewhere" || c.Tried != "" {
		t.Fatalf("another folder, the same secret: %+v, %v", c, err)
	}
	if _, err := k.svc.Save(k.admin, d); !errors.Is(err, connector.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	by.Version = k.receiver.Version
	if by, err = k.portals.Save(k.admin, by); err != nil {
		t.Fatal(err)
	}
	if err := k.svc.Remove(k.admin, k.receiver.ID, 2); !errors.Is(err, connector.ErrInUse) {
		t.Errorf("removed while files go by it: %v", err)
	}
	by.Route = portal.RouteDownload
	if _, err := k.portals.Save(k.admin, by); err != nil {
		t.Fatal(err)
	}
	if err := k.svc.Remove(k.admin, k.receiver.ID, 1); !errors.Is(err, connector.ErrStale) {
		t.Errorf("removed as it was: %v", err)
	}
	if err := k.svc.Remove(k.admin, k.receiver.ID, 2); err != nil {
		t.Fatal(err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM connector WHERE firm_id = ?`, k.f.ID); n != 0 {
		t.Errorf("%d left", n)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('connector.created', 'connector.changed', 'connector.tried', 'connector.removed')`, k.f.ID); n != 5 {
		t.Errorf("%d of 5 leaves", n)
	}
}

// What opens a server goes to no other: each change of the place asks for it again.
func TestT20_SecretStaysWithThePlace(t *testing.T) {
	t.Parallel()
	k := setup(t)
	if _, err := k.svc.Save(k.admin, k.draft()); err != nil {
		t.Fatal(err)
	}
	other := testkit.SFTP(t)
	for what, change := range map[string]func(d *connector.Draft){
		"server": func(d *connector.Draft) { d.Host = "localhost" }, "port": func(d *connector.Draft) { d.Port = other.Port }, "key": func(d *connector.Draft) { d.HostKey = other.HostKeys[0] },
		"user": func(d *connector.Draft) { d.User = "somebody" }, "auth": func(d *connector.Draft) { d.Auth = carry.Key },
		"way": func(d *connector.Draft) {
			d.Way, d.URL, d.Method, d.Auth = carry.HTTPS, "https://127.0.0.1:9/in", "PUT", carry.Bearer
		},
	} {
		d := k.draft()
		d.Version, d.Secret = 1, ""
		change(&d)
		if _, err := k.svc.Save(k.admin, d); !slices.Contains(codes(err), "secret") {
			t.Errorf("another %s with the same secret: %v %v", what, err, codes(err))
		}
	}
	if other.Came("connect") != 0 {
		t.Error("it was called")
	}
}

func TestT20_ConnectorsReachThePublicInternetOnly(t *testing.T) {
	t.Parallel()
	k := setup(t)
	for _, host := range []string{k.server.Host, "10.0.0.7", "169.254.169.254", "::1", "fe80::1", "a b", "user@host", "host/path", ""} {
		d := k.draft()
		d.Host, d.Port = host, 22
		if _, err := k.open.Save(k.admin, d); !slices.Contains(codes(err), "host") {
			t.Errorf("%q: %v", host, err)
		}
	}
	for _, url := range []string{"http://example.com", "https://example.com:8443", "https://192.168.1.1/in", "https://u:p@example.com", "https://example.com/in?x=1", "https://example.com/#x", ""} {
		d := connector.Draft{Secret: "token", Connector: connector.Connector{Portal: k.receiver.ID, Way: carry.HTTPS, URL: url, Method: "PUT", Auth: carry.Bearer}}
		if _, err := k.open.Save(k.admin, d); !slices.Contains(codes(err), "url") {
			t.Errorf("%q: %v", url, err)
		}
	}
	// One whose name led outside when it was kept, and leads inside now.
	d := k.draft()
	d.Host, d.Port = "localhost", k.server.Port
	if _, err := k.open.Save(k.admin, d); err != nil {
		t.Fatal(err)
	}
	c, err := k.open.Try(k.admin, k.receiver.ID)
	if err != nil || c.Tried != string(carry.Address) || k.server.Came("connect") != 0 {
		t.Errorf("%+v, %v, %d connections", c, err, k.server.Came("connect"))
	}
}

func TestWhatIsEnteredIsLookedAt(t *testing.T) {
	t.Parallel()
	k := setup(t)
	for want, change := range map[string]func(d *connector.Draft){
		"way": func(d *connector.Draft) { d.Way = "ftp" }, "host_key": func(d *connector.Draft) { d.HostKey = "SHA256:short" }, "user": func(d *connector.Draft) { d.User = "" },
		"folder": func(d *connector.Draft) { d.Folder = "/in/../.." }, "auth": func(d *connector.Draft) { d.Auth = carry.Bearer }, "secret": func(d *connector.Draft) { d.Auth, d.Secret = carry.Key, "not a key" },
		"method": func(d *connector.Draft) {
			d.Way, d.URL, d.Method, d.Auth, d.Secret = carry.HTTPS, "https://127.0.0.1/in", "PATCH", carry.Bearer, "x"
		},
		"ca": func(d *connector.Draft) {
			d.Way, d.URL, d.Method, d.Auth, d.Secret, d.CA = carry.HTTPS, "https://127.0.0.1/in", "PUT", carry.Bearer, "x", "no certificate"
		},
	} {
		d := k.draft()
		change(&d)
		if _, err := k.svc.Save(k.admin, d); !slices.Equal(codes(err), []string{want}) {
			t.Errorf("%s: %v %v", want, err, codes(err))
		}
	}
	d := k.draft()
	d.Auth, d.Secret = carry.Key, seal.Secret(strings.ReplaceAll(k.server.Key, "\n", "")) // as a field of one line gives it
	if _, err := k.svc.Save(k.admin, d); err != nil {
		t.Fatalf("a key without its line breaks: %v %v", err, codes(err))
	}
	if c, err := k.svc.Try(k.admin, k.receiver.ID); err != nil || c.Tried != connector.Works {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestT29_SecretIsNowhere(t *testing.T) {
	t.Parallel()
	k := setup(t)
	c, err := k.svc.Save(k.admin, k.draft())
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v %#v", c, k.draft()); strings.Contains(text, "CANARY") {
		t.Error("a value tells it")
	}
	for _, table := range []string{"connector", "audit_leaf", "outbox"} {
		if n := k.f.Count(t, `SELECT count(*) FROM `+table+` x WHERE firm_id = ? AND (x::text LIKE '%CANARY%' OR x::text LIKE '%' || encode('CANARY', 'hex') || '%')`, k.f.ID); n != 0 {
			t.Errorf("%s has it in %d rows", table, n)
		}
	}
}

func TestT01_AnotherFirmsConnector(t *testing.T) {
	t.Parallel()
	k := setup(t)
	if _, err := k.svc.Save(k.admin, k.draft()); err != nil {
		t.Fatal(err)
	}
	other := testkit.Firm(t, k.d)
	theirs := other.As(t, rbac.RoleFirmAdmin)
	d := k.draft()
	for what, err := range map[string]error{
		"get": second(k.svc.Get(theirs, k.receiver.ID)), "save": second(k.svc.Save(theirs, d)), "try": second(k.svc.Try(theirs, k.receiver.ID)), "remove": k.svc.Remove(theirs, k.receiver.ID, 1),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	some := k.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(k.f.Matter(t).ID))
	for who, ctx := range map[string]context.Context{"a partner": k.f.As(t, rbac.RolePartner), "who sees some matters": some} {
		if _, err := k.svc.Save(ctx, d); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", who, err)
		}
		if _, err := k.svc.Try(ctx, k.receiver.ID); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s tries: %v", who, err)
		}
	}
	if k.server.Came("connect") != 0 {
		t.Error("it was called")
	}
}

func second[T any](_ T, err error) error { return err }
