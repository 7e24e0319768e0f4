package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

// MountReceipts adds the papers behind costs, on the page of each cost.
func (s *Site) MountReceipts(srv *httpd.Server) {
	fill(srv, "/firms/{firm}/entries/{id}/receipts", rbac.ReceiptAttach, s.attachReceipt, func(r *httpd.Request, failed error) (templ.Component, error) {
		id, err := httpd.ID[ident.EntryID](r, "id")
		if err != nil {
			return nil, err
		}
		return s.entryPage(r, id, failed)
	})
	get(srv, "/firms/{firm}/receipts/{id}/file", rbac.ReceiptRead, s.receiptFile)
	show(srv, "/firms/{firm}/receipts/{id}/remove", rbac.ReceiptAttach, s.receiptRemovalPage)
	fill(srv, "/firms/{firm}/receipts/{id}/remove", rbac.ReceiptAttach, s.removeReceipt, s.receiptRemovalPage)
}

// receipts are the papers of a cost, and the form that takes another.
func (s *Site) receipts(r *httpd.Request, f frame, e capture.Entry, failed error) (Section, error) {
	list, err := s.Receipts.Of(r.Context(), e.ID)
	if err != nil {
		return Section{}, err
	}
	attach := f.May(rbac.ReceiptAttach) && e.Status != capture.StatusRemoved && e.Status != capture.StatusMoved
	t := &partial.Table{Caption: "Receipts of this cost", Columns: []partial.Column{{Head: "File", Wide: true}, {Head: "Says", Right: true, NoWrap: true}, {Head: "Size", Right: true, NoWrap: true}, {Head: "Added", NoWrap: true}},
		Empty: partial.Empty{Icon: "item", Title: "No receipt", Text: "Clients ask for one above their limit, and for travel always."}}
	if attach {
		t.Columns = append(t.Columns, partial.Column{Head: "Change", Hidden: true})
	}
	for _, x := range list {
		by, says := format.Moment(x.AddedAt.In(f.Zone)), ""
		if x.Says != nil {
			says = format.Money(*x.Says)
		}
		cells := []partial.Cell{{Text: x.Name, Href: href.ReceiptFile(f.FirmID, x.ID), Sub: "SHA-256 " + x.SHA256[:16], Key: true}, partial.Txt(says), partial.Txt(format.Bytes(x.Bytes)), {Text: by, Sub: x.AddedBy}}
		if attach {
			cells = append(cells, partial.Cell{Text: "Take off", Href: href.ReceiptRemove(f.FirmID, x.ID)})
		}
		t.Rows = append(t.Rows, partial.Row{Cells: cells})
	}
	section := Section{ID: "receipts", Title: "Receipts", Table: t}
	if attach {
		section.Form = &partial.Form{ID: "receipt", Action: href.EntryReceipts(f.FirmID, e.ID), Submit: "Attach receipt", Side: true, Upload: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "file", Label: "File", Kind: partial.File, Accept: ".pdf,.png,.jpg,.jpeg", Required: true, Hint: "PDF, PNG or JPEG, at most 10 MiB"},
			{Name: "amount", Label: "What it says was paid", Kind: partial.Decimal, Value: r.Form("amount"), Hint: "In " + string(e.Currency) + ", or empty. No more is billed than all receipts say"},
		}}
	}
	return section, nil
}

func (s *Site) attachReceipt(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.EntryID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	e, err := s.Capture.Entry(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err // before anything is said of the file
	}
	u := receipt.Upload{}
	if text := r.Form("amount"); text != "" {
		says, wrong := typedAmount("amount", text, e.Currency)
		if wrong == nil && says.Minor == 0 {
			wrong = receipt.ErrInvalid.On(fault.Field{Path: "amount", Code: "amount_positive", Message: "enter an amount above zero, or nothing"})
		}
		u.SaysMinor, err = says.Minor, wrong
	}
	if err == nil {
		u.Name, u.Data, err = r.Upload("file")
	}
	if err == nil {
		_, err = s.Receipts.Attach(r.Context(), id, u)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.entryPage(r, id, err) })
	}
	return httpd.Go(href.Entry(r.Firm(), id)+"#receipts", "Receipt attached."), nil
}

func (s *Site) receiptFile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ReceiptID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Receipts.Fetch(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: string(c.Media), Content: c.Data}), nil
}

func (s *Site) receiptRemovalPage(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := httpd.ID[ident.ReceiptID](r, "id")
	if err != nil {
		return nil, err
	}
	x, err := s.Receipts.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Take a receipt off", "entries")
	if err != nil {
		return nil, err
	}
	back := href.Entry(f.FirmID, x.Entry)
	form := &partial.Form{Action: href.ReceiptRemove(f.FirmID, id), Submit: "Take off", Danger: true, Cancel: back, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "reason", Label: "Why", Kind: partial.Area, Value: r.Form("reason"), Max: 500, Required: true, Hint: "It stays on record with this reason"},
	}}
	v := PlainView{Head: layout.Head{Title: "Take a receipt off", Crumbs: []partial.Link{{Text: "Time and costs", Href: href.Entries(f.FirmID)}, {Text: "Cost", Href: back}}}, Lede: x.Name, Sections: []Section{{Title: "Reason", Form: form}}}
	return Plain(f.Chrome, v), nil
}

func (s *Site) removeReceipt(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ReceiptID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	x, err := s.Receipts.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Receipts.Remove(r.Context(), id, r.Form("reason")); err != nil {
		return again(err, func() (templ.Component, error) { return s.receiptRemovalPage(r, err) })
	}
	return httpd.Go(href.Entry(r.Firm(), x.Entry)+"#receipts", "Taken off. It stays on record."), nil
}
