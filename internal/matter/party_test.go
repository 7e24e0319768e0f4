package matter_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func against(m testkit.M, adverse ...string) matter.Matter {
	return matter.Matter{ClientID: m.Client, PayorID: m.Payor, Number: "00417-0032", Name: "Carriage", Currency: "USD", OpenedOn: testkit.Day("2026-02-09"),
		Parties: matter.Parties{Adverse: adverse, Related: []string{"Pelham Holdings"}}}
}

func TestPartiesAreKeptAsWritten(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleSpecialist)
	saved, err := s.SaveMatter(ctx, against(f.Matter(t), " Orrin Ltd ", "", "Orrin GmbH", "ORRIN LTD", "Arden & Sons"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Arden & Sons", "Orrin GmbH", "Orrin Ltd"}
	read := func() matter.Matter {
		t.Helper()
		m, err := s.Matter(ctx, saved.ID)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if got := read(); !slices.Equal(got.Adverse, want) || !slices.Equal(got.Related, []string{"Pelham Holdings"}) {
		t.Errorf("%+v", got.Parties)
	}
	saved.Adverse, saved.Related = []string{"Orrin GmbH"}, nil
	if saved, err = s.SaveMatter(ctx, saved); err != nil {
		t.Fatal(err)
	}
	if got := read(); !slices.Equal(got.Adverse, []string{"Orrin GmbH"}) || got.Related != nil {
		t.Errorf("%+v", got.Parties)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'matter.changed' AND object_id = ? AND before_hash <> after_hash`, f.ID, saved.ID); n != 1 {
		t.Errorf("%d leaves tell of the change", n)
	}
	stale := saved
	stale.Version, stale.Adverse = 1, []string{"Somebody Else"}
	if _, err := s.SaveMatter(ctx, stale); err == nil || !slices.Equal(read().Adverse, []string{"Orrin GmbH"}) {
		t.Errorf("an old copy wrote its parties: %v", err)
	}
}

func TestPartiesThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleSpecialist)
	m := f.Matter(t)
	for name, x := range map[string]struct {
		adverse []string
		says    string
	}{
		"no letter": {[]string{"Arden Freight", "—"}, `"—" has no letter`},
		"long":      {[]string{strings.Repeat("x", 201)}, `"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is not one line of at most 200 characters`},
		"two lines": {[]string{"Arden\nFreight"}, `"Arden\nFreight" is not one line`},
		"many": {slices.Collect(func(yield func(string) bool) {
			for i := range 101 {
				if !yield(strings.Repeat("a", i+1)) {
					return
				}
			}
		}), "at most 100 names; these are 101"},
	} {
		_, err := s.SaveMatter(ctx, against(m, x.adverse...))
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "adverse_parties" || !strings.Contains(f.Fields[0].Message, x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := f.Count(t, `SELECT (SELECT count(*) FROM matter_party WHERE firm_id = ?) + (SELECT count(*) FROM matter WHERE firm_id = ? AND number = '00417-0032')`, f.ID, f.ID); n != 0 {
		t.Errorf("a refusal left %d rows", n)
	}
}

func TestT01_PartiesOfAnotherFirmAreNotThere(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	theirs := testkit.Firm(t, f.DB())
	mine, err := s.SaveMatter(f.As(t, rbac.RoleSpecialist), against(f.Matter(t), "Wiedehopf Rail"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := theirs.As(t, rbac.RoleSpecialist)
	if m, err := s.Matter(elsewhere, mine.ID); !errors.Is(err, authz.ErrNotFound) || len(m.Adverse) != 0 {
		t.Errorf("read: %+v, %v", m, err)
	}
	mine.Adverse = nil
	if _, err := s.SaveMatter(elsewhere, mine); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("changed: %v", err)
	}
	if n := theirs.Count(t, `SELECT count(*) FROM matter_party WHERE name = 'Wiedehopf Rail'`); n != 0 {
		t.Error("another firm sees the row")
	}
	if n := f.Count(t, `SELECT count(*) FROM matter_party WHERE firm_id = ? AND name = 'Wiedehopf Rail'`, f.ID); n != 1 {
		t.Error("another firm removed it")
	}
	hidden, err := s.SaveMatter(f.As(t, rbac.RoleSpecialist), func() matter.Matter {
		m := against(f.Matter(t), "Wiedehopf Rail")
		m.Number, m.Label = "00417-0033", 2
		return m
	}())
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Matters(f.As(t, rbac.RoleSpecialist, testkit.UpToLabel(0)), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.ID == hidden.ID {
			t.Error("a matter above the label is listed with its parties")
		}
	}
}
