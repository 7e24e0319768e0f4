package audit

import "encoding/json"

// InvoiceIssued is the action of the leaf that carries an invoice's content hash.
const InvoiceIssued = "invoice.issued"

// noteInvoice remembers the hash under which an invoice was issued: the leaf's
// After, or content_hash in its detail.
func (v *verifier) noteInvoice(l Leaf) {
	if l.Action != InvoiceIssued || l.Result != "done" {
		return
	}
	var detail struct {
		ContentHash string `json:"content_hash"`
	}
	hash := l.After
	if json.Unmarshal([]byte(l.Detail), &detail) == nil && detail.ContentHash != "" {
		hash = detail.ContentHash
	}
	v.issued[l.ObjectID] = hash
}

// addInvoice compares an invoice of today with the leaf of its issue.
func (v *verifier) addInvoice(i SealedInvoice) {
	hash, ok := v.issued[i.ID]
	switch {
	case !ok:
		v.complain(CheckLeaves, nil, "invoice %s has no entry that tells of its issue", i.Number)
	case hash != i.Hash:
		v.complain(CheckLeaves, nil, "invoice %s was altered: its content has hash %s, it was issued with %s", i.Number, i.Hash, hash)
	}
	delete(v.issued, i.ID)
}
