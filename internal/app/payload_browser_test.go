//go:build browser

package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/testkit/browser"
	"github.com/docketry/docketry/rbac"
)

// does is what a payload tries to do: a dialog, and a mark that stays.
const does = `window.__hit=1,alert(1)`

// payloads are texts that run as script wherever a page forgets to escape: in text, in
// an attribute of either quote or none, in an address, a script, a style, a comment, a
// template, and after what undoes an escape.
func payloads() (list []string) {
	script := `<script>` + does + `</script>`
	for _, before := range []string{``, `">`, `'>`, `-->`, `</title>`, `</textarea>`, `</script>`, `</style>`, `</option></select>`, `</template>`, `</noscript>`, `]]>`, `</svg>`, `</table>`, `</pre>`} {
		list = append(list, before+script)
	}
	for _, tag := range []string{`img src=x onerror`, `svg onload`, `body onload`, `details open ontoggle`, `input autofocus onfocus`, `video src=x onerror`, `audio src=x onerror`, `iframe onload`, `marquee onstart`, `object data=x onerror`, `select autofocus onfocus`, `style onload`} {
		list = append(list, `<`+tag+`="`+does+`">`, `'"><`+tag+`=`+strings.ReplaceAll(does, ",", "&#44;")+`>`)
	}
	for _, event := range []string{`onmouseover`, `onfocus`, `onanimationstart`, `onpointerenter`} {
		list = append(list, `" autofocus `+event+`="`+does+``, `' autofocus `+event+`='`+does+``, `x `+event+`=`+does)
	}
	return append(list,
		`javascript:`+does, `JaVaScRiPt:`+does, "java\tscript:"+does, `data:text/html,<script>alert(1)</script>`, `vbscript:msgbox(1)`,
		`<a href="javascript:`+does+`">x</a>`, `<form action="javascript:`+does+`"><button autofocus>x</button></form>`, `<base href="https://evil.example/">`,
		`<meta http-equiv="refresh" content="0;url=javascript:`+does+`">`, `<link rel="stylesheet" href="https://evil.example/x.css">`, `<iframe srcdoc="<script>parent.__hit=1</script>"></iframe>`,
		`<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)></svg>#x"></svg>`, `<math><mtext><style><img src=x onerror="`+does+`"></style></mtext></math>`,
		`&lt;script&gt;`+does+`&lt;/script&gt;`, `&#60;img src=x onerror=`+does+`&#62;`, `%3Cscript%3E`+does+`%3C/script%3E`, `\u003cscript\u003e`+does+`\u003c/script\u003e`,
		"{{constructor.constructor('"+does+"')()}}", "${"+does+"}", "`;"+does+"//", `';`+does+`//`, `";`+does+`//`, `</`+"script><script>"+does+`</script>`, `{ templ.Raw("`+does+`") }`)
}

// poisoned puts payloads into every field of a firm that holds people's words, past all
// services, and tells how many fields took one. Long fields take all of them.
func poisoned(t *testing.T, w world, f testkit.F) (fields int) {
	t.Helper()
	list := payloads()
	if len(list) < 60 {
		t.Fatalf("%d payloads", len(list))
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	var columns []string
	err := w.worker.DB.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
			JOIN information_schema.columns k ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = 'firm_id'
			JOIN information_schema.tables b ON b.table_schema = c.table_schema AND b.table_name = c.table_name AND b.table_type = 'BASE TABLE'
			WHERE c.table_schema = 'public' AND c.data_type = 'text' AND c.table_name NOT LIKE 'audit%' AND c.table_name NOT IN ('outbox', 'idempotency', 'job')
				AND c.column_name ~ '(^|_)(name|narrative|reason|address|note|notes|text|message|body|description|reference|title|file|fix|clause|detail|words|answer|task|practice_group|tax_id|legal_name|bank_name|cause)$'
			ORDER BY 1`).Scan(&columns).Error
	})
	if err != nil || len(columns) < 30 {
		t.Fatalf("%d columns, %v", len(columns), err)
	}
	for i, column := range columns {
		table, name, _ := strings.Cut(column, ".")
		for _, text := range []string{strings.Join(list, " "), list[i%len(list)] + list[(i*7)%len(list)], list[i%len(list)], `"><svg onload=alert(1)>`} {
			testkit.AdminExec(t, w.s.DB, fmt.Sprintf(`DO $do$ BEGIN SET LOCAL session_replication_role = replica;
				UPDATE %[1]s SET %[2]s = %[3]s WHERE firm_id = %[4]s AND %[2]s IS NOT NULL AND %[2]s <> '';
				EXCEPTION WHEN OTHERS THEN NULL; END $do$`, table, name, quote(text), quote(string(f.ID))))
			if f.Count(t, fmt.Sprintf(`SELECT count(*) FROM %s WHERE firm_id = ? AND %s = ?`, table, name), f.ID, text) > 0 {
				fields++
				break
			}
		}
	}
	return fields
}

// Whatever people write into a field stays text on every page of their firm: no dialog,
// no script, nothing that the policy has to block.
func TestT21_PayloadsInABrowser(t *testing.T) {
	w, _, base := served(t)
	own := w.furnished(t)
	fields := poisoned(t, w, own.firm)
	if fields < 25 {
		t.Errorf("%d fields hold a payload", fields)
	}
	tab, stop := context.WithTimeout(browser.Start(t), 8*time.Minute)
	t.Cleanup(stop)
	browser.Watch(t, tab)
	var dialogs atomic.Int64
	if err := chromedp.Listen(tab, func(ev any) {
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			dialogs.Add(1)
			go func() {
				_, _ = chromedp.Call(tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	}); err != nil {
		t.Fatal(err)
	}
	shown, held := 0, 0
	seen := map[string]bool{} // a page is the same text for every role that may see it
	for _, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleTeamLead} {
		v := w.visitor(t, own, role)
		cookie := network.SetCookieParams{Name: "docketry_sid", Value: v.sid, URL: base}
		if _, err := chromedp.Call(tab, network.SetCookie, cookie); err != nil {
			t.Fatal(err)
		}
		for _, r := range w.web.Routes() {
			if r.JSON || r.Method != http.MethodGet || strings.HasSuffix(r.Path, "/events") || r.Needs == rbac.Public || r.Needs == rbac.PayorLink || !v.complete(r) {
				continue
			}
			path := v.fill(r, own, "", "")
			if seen[path] {
				continue
			}
			got := v.ask(http.MethodGet, path, "")
			if got.status != http.StatusOK || !strings.HasPrefix(got.kind, "text/html") {
				continue
			}
			seen[path] = true
			browser.Open(t, tab, base+path, 1440)
			hit, err := chromedp.Run(tab, chromedp.Evaluate[string](`String(window.__hit || "") + [...document.querySelectorAll("main script, main iframe, main object, main base, main meta, main link, main math, main marquee, [onerror], [onload], [onfocus], [ontoggle], [onmouseover], a[href^='javascript' i]")].map(e => e.outerHTML.slice(0, 120)).join("; ")`))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if hit != "" || dialogs.Load() > 0 {
				t.Errorf("%s for %s: %d dialogs, %s", r.Path, role, dialogs.Swap(0), hit)
			}
			browser.Blocked(t, tab)
			shown++
			if strings.Contains(got.body, "alert(1)") {
				held++
			}
		}
	}
	t.Logf("%d payloads in %d fields; %d pages opened, %d of them with a payload", len(payloads()), fields, shown, held)
	if shown < 60 || held < 50 {
		t.Errorf("%d pages opened, %d of them with a payload", shown, held)
	}
}
