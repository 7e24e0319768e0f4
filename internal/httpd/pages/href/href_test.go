package href

import "testing"

func TestAddresses(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		Query("/queue", "view", "", "firm", "HVL"): "/queue?firm=HVL",
		Query("/queue", "q", `a&b="`):              "/queue?q=a%26b%3D%22",
		Query("/queue"):                            "/queue",
		PrebillLine("f", "p", "l", "hold"):         "/firms/f/prebills/p/lines/l/hold",
		SLACycles("f", "2026-10", "", "breached"):  "/firms/f/sla/cycles?month=2026-10&outcome=breached",
		PayorDocument("i", "pdf"):                  "/payor/invoices/i/documents/pdf",
		Finding("f", "w", "x", "waive"):            "/firms/f/items/w/findings/x/waive",
		ContactAct("f", "p", "c", "verify"):        "/firms/f/payors/p/contacts/c/verify",
		New(Clients("f")):                          "/firms/f/clients/new",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
