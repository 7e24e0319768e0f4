package notice

import (
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/wording"
)

// due is all that a letter may say of an invoice (DESIGN 2.16).
type due struct {
	Number    string
	OpenMinor int64
	Currency  money.Currency
	DueOn     invoice.Day
}

func (d due) open() string { return figure(money.Amount{Minor: d.OpenMinor, Currency: d.Currency}) }

// figure is an amount as letters write it: "USD 48,212.50".
func figure(a money.Amount) string {
	text := a.Text()
	whole, rest, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if rest != "" {
		b.WriteString("." + rest)
	}
	return string(a.Currency) + " " + sign + b.String()
}

// told is the invoice as the firm's words tell it.
func (d due) told(today invoice.Day) wording.Due {
	return wording.Due{Number: d.Number, Open: d.open(), On: d.DueOn.Long(), Days: max(d.DueOn.Until(today), 0)}
}

// letter is a mail in the firm's own words; its figures and its link are ours in any case.
type letter struct {
	Words    wording.Kind
	To       ident.ContactID
	Kind     string // of the mail
	Key      string
	Note     string // of a credit note
	Attached bool
	Dues     []due
	Facts    []mail.Fact
	LinkText string
}

// written is a mail, and which version of the firm's words it holds; 0 is the standard.
type written struct {
	mail.Message
	Words int
}

// write words a letter. today dates what is overdue.
func (s *Service) write(tx *db.Tx, l letter, today invoice.Day) (written, error) {
	firm, err := firmName(tx)
	if err != nil {
		return written{}, err
	}
	contact, err := contactName(tx, l.To)
	if err != nil {
		return written{}, err
	}
	link, err := s.Links.To(tx.Scope.Firm, l.To)
	if err != nil {
		return written{}, err
	}
	v := wording.Values{Firm: firm, Contact: contact, Note: l.Note, Attached: l.Attached}
	for _, d := range l.Dues {
		v.Invoices = append(v.Invoices, d.told(today))
	}
	w, err := wording.Write(tx, l.Words, v)
	if err != nil {
		return written{}, err
	}
	w.Letter.Facts, w.Letter.Link, w.Letter.LinkText = l.Facts, link, l.LinkText
	return written{message(w.Letter, l.To, l.Kind, l.Key, w.Subject), w.Version}, nil
}

// delivery is the figures of a letter that brings an invoice.
func (d due) delivery() []mail.Fact {
	return []mail.Fact{{Name: "Invoice", Value: d.Number}, {Name: "Open", Value: d.open()}, {Name: "Due", Value: d.DueOn.Long()}}
}

// credit is those of one that takes it back.
func (d due) credit(note string) []mail.Fact {
	return []mail.Fact{{Name: "Credit note", Value: note}, {Name: "For invoice", Value: d.Number}, {Name: "Open", Value: d.open()}}
}

// reminder is a line for each invoice that a letter reminds of.
func reminder(list []due) []mail.Fact {
	facts := make([]mail.Fact, len(list))
	for i, d := range list {
		facts[i] = mail.Fact{Name: "Invoice " + d.Number, Value: d.open() + ", due " + d.DueOn.Long()}
	}
	return facts
}

// codeLetter holds the mark in whose place the code is put when the mail leaves.
func codeLetter(firm string) mail.Letter {
	return mail.Letter{
		Greeting:   "Hello,",
		Paragraphs: []string{"your one-time code for the invoices of " + firm + " is " + mail.CodeMark + ".", "It is valid for 10 minutes. If you did not ask for it, nothing needs to be done; nobody can use it without this mail."},
		Closing:    []string{firm},
	}
}

// message makes the mail of a letter.
func message(l mail.Letter, to ident.ContactID, kind, key, subject string) mail.Message {
	return mail.Message{To: to, Kind: kind, Key: key, Subject: subject, Text: l.Text(), HTML: l.HTML(subject)}
}
