package selfcheck

// rule finds the records of one invariant whose stored sum is not what the raw rows
// give. Each is one statement and so sees one instant: what commits meanwhile does
// not look like a difference. sql returns id and says, of @firm, in id order.
type rule struct {
	invariant string
	object    string
	sql       string
}

// counted is how many records the rules go through.
const counted = `SELECT (SELECT count(*) FROM invoice WHERE firm_id = @firm) + (SELECT count(*) FROM credit_note WHERE firm_id = @firm)
	+ (SELECT count(*) FROM payment WHERE firm_id = @firm) + (SELECT count(DISTINCT journal_id) FROM posting WHERE firm_id = @firm)
	+ (SELECT count(*) FROM trust_account WHERE firm_id = @firm) + (SELECT count(*) FROM trust_ledger WHERE firm_id = @firm) + (SELECT count(*) FROM trust_entry WHERE firm_id = @firm)
	+ (SELECT count(*) FROM purchase_order WHERE firm_id = @firm)`

// The sums are of bigints and so numeric: they cannot overflow. A table of raw rows is
// summed once and joined, for this goes through all of a firm's history.
var rules = []rule{
	{"I03", "invoice", `SELECT i.id::text AS id, format('invoice %s: the %s is kept as %s, its lines sum to %s', i.number, c.what, c.kept, c.raw) AS says
		FROM invoice i
		LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS net, sum(tax_minor) AS tax FROM invoice_line WHERE firm_id = @firm GROUP BY invoice_id) l ON l.invoice_id = i.id
		CROSS JOIN LATERAL (VALUES ('net amount', i.net_minor, coalesce(l.net, 0)), ('tax', i.tax_minor, coalesce(l.tax, 0)),
			('total', i.total_minor, coalesce(l.net + l.tax, 0))) c (what, kept, raw)
		WHERE i.firm_id = @firm AND c.kept <> c.raw`},
	// Nothing is written off an invoice other than by a credit note or the discount on prompt payment.
	{"I03", "invoice", `SELECT i.id::text AS id, format('invoice %s: the %s is kept as %s, the rows give %s', i.number, c.what, c.kept, c.raw) AS says
		FROM invoice i
		LEFT JOIN (SELECT invoice_id, sum(amount_minor + tax_minor) AS total FROM invoice_line WHERE firm_id = @firm GROUP BY invoice_id) l ON l.invoice_id = i.id
		LEFT JOIN (SELECT invoice_id, sum(total_minor) AS total FROM credit_note WHERE firm_id = @firm GROUP BY invoice_id) n ON n.invoice_id = i.id
		LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS total FROM allocation WHERE firm_id = @firm GROUP BY invoice_id) a ON a.invoice_id = i.id
		LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS total FROM allowance WHERE firm_id = @firm GROUP BY invoice_id) w ON w.invoice_id = i.id
		CROSS JOIN LATERAL (VALUES ('credited amount', i.credited_minor, coalesce(n.total, 0)), ('paid amount', i.paid_minor, coalesce(a.total, 0)),
			('allowed amount', i.allowed_minor, coalesce(w.total, 0)),
			('open amount', i.open_minor, coalesce(l.total, 0) - coalesce(n.total, 0) - coalesce(a.total, 0) - coalesce(w.total, 0))) c (what, kept, raw)
		WHERE i.firm_id = @firm AND c.kept <> c.raw`},
	// Of no line, tax or total more is credited than was invoiced.
	{"I03", "invoice", `SELECT i.id::text AS id, format('invoice %s: %s', i.number, c.misses) AS says
		FROM invoice i CROSS JOIN LATERAL (SELECT credits_miss(i.firm_id, i.id) AS misses) c
		WHERE i.firm_id = @firm AND i.credited_minor > 0 AND c.misses IS NOT NULL`},
	// What is in dispute is what its disputes are, and a part of what is open.
	{"I03", "invoice", `SELECT i.id::text AS id, format('invoice %s: %s', i.number, c.misses) AS says
		FROM invoice i CROSS JOIN LATERAL (SELECT coalesce(disputes_miss(i.firm_id, i.id), CASE WHEN i.disputed_minor NOT BETWEEN 0 AND i.open_minor
			THEN format('%s is in dispute, and %s is open', i.disputed_minor, i.open_minor) END) AS misses) c
		WHERE i.firm_id = @firm AND (i.disputed_minor <> 0 OR EXISTS (SELECT FROM dispute d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id)) AND c.misses IS NOT NULL`},
	// Fees held back are billed once, and never more than invoices hold.
	{"I03", "matter", `SELECT m.id::text AS id, format('matter %s: %s of its fees is held back and %s decided; %s is released and %s billed', m.number, c.held, c.decided, c.released, c.billed) AS says
		FROM (SELECT matter_id, currency FROM holdback_act WHERE firm_id = @firm
			UNION SELECT b.matter_id, b.currency FROM prebill b JOIN prebill_charge x ON x.firm_id = b.firm_id AND x.prebill_id = b.id WHERE b.firm_id = @firm AND x.what = 'holdback release') h
		JOIN matter m ON m.firm_id = @firm AND m.id = h.matter_id
		CROSS JOIN LATERAL (SELECT holdback_on_bills(m.firm_id, m.id, h.currency, 'holdback', 'issued') AS held, holdback_decided(m.firm_id, m.id, h.currency, NULL) AS decided,
			holdback_decided(m.firm_id, m.id, h.currency, 'release') AS released, holdback_on_bills(m.firm_id, m.id, h.currency, 'holdback release', 'approved') AS billed) c
		WHERE c.decided > c.held OR c.billed > c.released`},
	// A bill that payors share is billed whole: the invoices are its shares, and those of each line come to the line.
	{"I03", "prebill", `SELECT p.id::text AS id, format('pre-bill %s is split among payors: %s', p.number, c.misses) AS says
		FROM prebill p CROSS JOIN LATERAL (SELECT split_bill_misses(p.firm_id, p.id) AS misses) c
		WHERE p.firm_id = @firm AND p.status = 'taken' AND EXISTS (SELECT FROM prebill_share s WHERE s.firm_id = p.firm_id AND s.prebill_id = p.id) AND c.misses IS NOT NULL`},
	// What was billed on a purchase order is its invoices less their credit notes.
	{"I03", "purchase_order", `SELECT o.id::text AS id, format('a purchase order: the billed amount is kept as %s, its invoices give %s', o.drawn_minor, coalesce(d.total, 0)) AS says
		FROM purchase_order o
		LEFT JOIN (SELECT d.order_id, sum(i.net_minor - coalesce(n.net, 0)) AS total FROM purchase_draw d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id
			LEFT JOIN (SELECT invoice_id, sum(net_minor) AS net FROM credit_note WHERE firm_id = @firm GROUP BY invoice_id) n ON n.invoice_id = i.id
			WHERE d.firm_id = @firm GROUP BY d.order_id) d ON d.order_id = o.id
		WHERE o.firm_id = @firm AND o.drawn_minor <> coalesce(d.total, 0)`},
	{"I03", "invoice_line", `SELECT l.id::text AS id, format('line %s is of invoice %s, which is not there', l.no, l.invoice_id) AS says
		FROM invoice_line l WHERE l.firm_id = @firm AND NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = l.firm_id AND i.id = l.invoice_id)`},
	{"I04", "number_series", `WITH taken AS (SELECT series, n FROM invoice WHERE firm_id = @firm UNION ALL SELECT series, n FROM credit_note WHERE firm_id = @firm),
		near AS (SELECT series, n, lag(n, 1, 0::bigint) OVER (PARTITION BY series ORDER BY n) AS before FROM taken)
		SELECT series AS id, CASE WHEN n = before THEN format('number %s of series %s is taken twice', n, series)
			ELSE format('series %s: number %s follows number %s, %s missing', series, n, before, CASE n - before WHEN 2 THEN format('%s is', before + 1) ELSE format('%s to %s are', before + 1, n - 1) END) END AS says
		FROM near WHERE n <> before + 1
		UNION ALL SELECT s.series, format('series %s: the next number is %s, the last one given is %s', s.series, s.next, coalesce(t.last, 0))
		FROM number_series s LEFT JOIN (SELECT series, max(n) AS last FROM taken GROUP BY series) t ON t.series = s.series
		WHERE s.firm_id = @firm AND s.series IN ('invoice', 'credit_note') AND s.next <> coalesce(t.last, 0) + 1`},
	{"I08", "payment", `SELECT p.id::text AS id, format('payment of %s received on %s: the %s is kept as %s, the rows give %s', p.amount_minor, p.received_on, c.what, c.kept, c.raw) AS says
		FROM payment p
		LEFT JOIN (SELECT payment_id, sum(amount_minor) AS total FROM allocation WHERE firm_id = @firm GROUP BY payment_id) a ON a.payment_id = p.id
		CROSS JOIN LATERAL (VALUES ('allocated amount', p.allocated_minor, coalesce(a.total, 0)),
			('amount', p.amount_minor, coalesce(a.total, 0) + p.unapplied_minor + p.reversed_minor)) c (what, kept, raw)
		WHERE p.firm_id = @firm AND c.kept <> c.raw`},
	{"I08", "allocation", `SELECT a.id::text AS id, format('%s is allocated of payment %s to invoice %s, which are not both there', a.amount_minor, a.payment_id, a.invoice_id) AS says
		FROM allocation a WHERE a.firm_id = @firm AND NOT (EXISTS (SELECT FROM payment p WHERE p.firm_id = a.firm_id AND p.id = a.payment_id)
			AND EXISTS (SELECT FROM invoice i WHERE i.firm_id = a.firm_id AND i.id = a.invoice_id))`},
	{"I11", "journal", `SELECT p.journal_id::text AS id, format('the %s journal of %s is off by %s %s', min(p.event), min(p.posted_on), sum(p.amount_minor), p.currency) AS says
		FROM posting p WHERE p.firm_id = @firm GROUP BY p.journal_id, p.currency HAVING sum(p.amount_minor) <> 0`},
	// The balances that are kept beside the ledger are its own.
	{"I11", "invoice", `SELECT i.id::text AS id, format('invoice %s: %s is open, its ledger account has %s', i.number, i.open_minor, coalesce(p.total, 0)) AS says
		FROM invoice i
		LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS total FROM posting WHERE firm_id = @firm AND account = 'receivable' GROUP BY invoice_id) p ON p.invoice_id = i.id
		WHERE i.firm_id = @firm AND i.open_minor <> coalesce(p.total, 0)`},
	{"I11", "payment", `SELECT y.id::text AS id, format('payment of %s received on %s: the %s is kept as %s, its ledger account has %s', y.amount_minor, y.received_on, c.what, c.kept, c.raw) AS says
		FROM payment y
		LEFT JOIN (SELECT payment_id, -sum(amount_minor) FILTER (WHERE account = 'unapplied') AS unapplied, sum(amount_minor) FILTER (WHERE account IN ('cash', 'withheld')) AS cash
			FROM posting WHERE firm_id = @firm AND payment_id IS NOT NULL GROUP BY payment_id) p ON p.payment_id = y.id
		CROSS JOIN LATERAL (VALUES ('unapplied amount', y.unapplied_minor, coalesce(p.unapplied, 0)), ('cash', y.amount_minor - y.reversed_minor, coalesce(p.cash, 0))) c (what, kept, raw)
		WHERE y.firm_id = @firm AND c.kept <> c.raw`},
	{"I11", "credit_note", `SELECT n.id::text AS id, format('credit note %s: its total is %s, its journal takes %s off the receivable', n.number, n.total_minor, coalesce(-p.total, 0)) AS says
		FROM credit_note n
		LEFT JOIN (SELECT credit_note_id, sum(amount_minor) AS total FROM posting WHERE firm_id = @firm AND account = 'receivable' AND event = 'credit_note' GROUP BY credit_note_id) p
			ON p.credit_note_id = n.id
		WHERE n.firm_id = @firm AND n.total_minor <> coalesce(-p.total, 0)`},
	{"I10", "trust_ledger", `SELECT l.id::text AS id, format('trust ledger of matter %s: the %s is kept as %s, the rows give %s', m.number, c.what, c.kept, c.raw) AS says
		FROM trust_ledger l JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id
		LEFT JOIN (SELECT ledger_id, -sum(amount_minor) AS total FROM trust_posting WHERE firm_id = @firm AND side = 'client' GROUP BY ledger_id) p ON p.ledger_id = l.id
		LEFT JOIN (SELECT ledger_id, sum(amount_minor) AS total FROM trust_freeze WHERE firm_id = @firm GROUP BY ledger_id) z ON z.ledger_id = l.id
		CROSS JOIN LATERAL (VALUES ('balance', l.balance_minor, coalesce(p.total, 0)), ('disputed amount', l.frozen_minor, coalesce(z.total, 0))) c (what, kept, raw)
		WHERE l.firm_id = @firm AND c.kept <> c.raw`},
	// Below zero by the day is below zero, too.
	{"I10", "trust_ledger", `SELECT x.ledger_id::text AS id, format('trust ledger of matter %s: it stands at %s on %s', m.number, min(x.balance), min(x.dated_on) FILTER (WHERE x.balance < 0)) AS says
		FROM (SELECT ledger_id, dated_on, sum(-sum(amount_minor)) OVER (PARTITION BY ledger_id ORDER BY dated_on) AS balance FROM trust_posting WHERE firm_id = @firm AND side = 'client' GROUP BY ledger_id, dated_on) x
		JOIN trust_ledger l ON l.firm_id = @firm AND l.id = x.ledger_id JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id
		GROUP BY x.ledger_id, m.number HAVING min(x.balance) < 0`},
	{"I10", "trust_account", `SELECT a.id::text AS id, format('trust account %s: its book is kept as %s, %s %s', a.name, a.book_minor, c.what, c.raw) AS says
		FROM trust_account a
		LEFT JOIN (SELECT account_id, sum(amount_minor) AS total FROM trust_posting WHERE firm_id = @firm AND side = 'bank' GROUP BY account_id) p ON p.account_id = a.id
		LEFT JOIN (SELECT account_id, sum(balance_minor) AS total FROM trust_ledger WHERE firm_id = @firm GROUP BY account_id) l ON l.account_id = a.id
		CROSS JOIN LATERAL (VALUES ('its postings give', coalesce(p.total, 0)), ('its ledgers sum to', coalesce(l.total, 0))) c (what, raw)
		WHERE a.firm_id = @firm AND a.book_minor <> c.raw`},
	{"I10", "trust_entry", `SELECT e.id::text AS id, format('the %s of %s on %s has %s sides, which are off by %s', e.kind, e.amount_minor, e.dated_on, count(p.side), coalesce(sum(p.amount_minor), 0)) AS says
		FROM trust_entry e LEFT JOIN trust_posting p ON p.firm_id = e.firm_id AND p.entry_id = e.id AND abs(p.amount_minor) = e.amount_minor
		WHERE e.firm_id = @firm GROUP BY e.id, e.kind, e.amount_minor, e.dated_on HAVING count(p.side) <> 2 OR sum(p.amount_minor) <> 0`},
	// What a transfer paid stands as long as the transfer does.
	{"I10", "trust_withdrawal", `SELECT w.id::text AS id, format('the transfer of %s approved on %s: its payment %s', w.amount_minor, w.decided_at::date, CASE WHEN y.id IS NULL THEN 'is not there'
				WHEN y.amount_minor <> w.amount_minor THEN format('is of %s', y.amount_minor) WHEN y.reversed_at IS NULL THEN 'stands, and the transfer was taken back' ELSE 'was reversed, and the transfer stands' END) AS says
		FROM trust_withdrawal w
		LEFT JOIN payment y ON y.firm_id = w.firm_id AND y.id = w.payment_id
		LEFT JOIN trust_entry e ON e.firm_id = w.firm_id AND e.withdrawal_id = w.id
		LEFT JOIN trust_entry r ON r.firm_id = e.firm_id AND r.reverses = e.id
		WHERE w.firm_id = @firm AND w.kind = 'transfer' AND w.status = 'done' AND (y.id IS NULL OR y.amount_minor <> w.amount_minor OR (y.reversed_at IS NULL) <> (r.id IS NULL))`},
	// A closed period stays as it was signed.
	{"I10", "trust_reconciliation", `SELECT r.id::text AS id, format('the reconciliation as of %s was signed on %s, the rows give %s', r.as_of, r.book_minor, c.raw) AS says
		FROM trust_reconciliation r
		CROSS JOIN LATERAL (SELECT coalesce(sum(p.amount_minor), 0) AS raw FROM trust_posting p WHERE p.firm_id = r.firm_id AND p.account_id = r.account_id AND p.side = 'bank' AND p.dated_on <= r.as_of) c
		WHERE r.firm_id = @firm AND r.signed_at IS NOT NULL AND r.book_minor <> c.raw`},
}
