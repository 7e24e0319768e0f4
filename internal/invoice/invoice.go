// Package invoice turns approved pre-bills into numbered, unchangeable invoices
// and corrects them by credit notes. It owns runs, numbers, the canonical document
// with its paper and LEDES files, and the states of an invoice. It does not own
// the draft (package prebill) nor the money that comes in (package receivable).
package invoice
