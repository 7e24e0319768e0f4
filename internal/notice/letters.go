package notice

import (
	"strings"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/money"
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

const greeting = "Hello,"

// deliveryLetter brings an invoice. attached tells that the PDF goes with it.
func deliveryLetter(firm, link string, d due, attached bool) mail.Letter {
	where := "It is ready for you at the address below. The page sends a one-time code to this mail address and shows nothing without it."
	if attached {
		where = "It is attached, as agreed. You also find it at the address below, behind a one-time code sent to this mail address."
	}
	return mail.Letter{
		Greeting:   greeting,
		Paragraphs: []string{firm + " has issued invoice " + d.Number + " to you.", where},
		Facts:      []mail.Fact{{Name: "Invoice", Value: d.Number}, {Name: "Open", Value: d.open()}, {Name: "Due", Value: d.DueOn.Long()}},
		Link:       link, LinkText: "Open the invoice", Closing: []string{firm},
	}
}

// creditLetter takes an invoice back. attached tells that the PDF goes with it.
func creditLetter(firm, link, note string, d due, attached bool) mail.Letter {
	where := "You find the credit note beside the invoice at the address below. The page sends a one-time code to this mail address and shows nothing without it."
	if attached {
		where = "The credit note is attached, as agreed. You also find it at the address below, behind a one-time code sent to this mail address."
	}
	return mail.Letter{
		Greeting:   greeting,
		Paragraphs: []string{firm + " has taken invoice " + d.Number + " back in full. Nothing is to be paid on it.", where},
		Facts:      []mail.Fact{{Name: "Credit note", Value: note}, {Name: "For invoice", Value: d.Number}, {Name: "Open", Value: d.open()}},
		Link:       link, LinkText: "Open the credit note", Closing: []string{firm},
	}
}

// reminderLetter is the first, friendly one; several invoices of one payor share it.
func reminderLetter(firm, link string, list []due) mail.Letter {
	first := "we have not yet seen a payment for the invoice below. Perhaps it has crossed this letter; then please pay no attention to it."
	if len(list) > 1 {
		first = "we have not yet seen a payment for the invoices below. Perhaps it has crossed this letter; then please pay no attention to it."
	}
	l := mail.Letter{Greeting: greeting, Paragraphs: []string{first, "If something about it is unclear, an answer to this mail reaches us."},
		Link: link, LinkText: "See what is open", Closing: []string{firm}}
	for _, d := range list {
		l.Facts = append(l.Facts, mail.Fact{Name: "Invoice " + d.Number, Value: d.open() + ", due " + d.DueOn.Long()})
	}
	return l
}

// codeLetter holds the mark in whose place the code is put when the mail leaves.
func codeLetter(firm string) mail.Letter {
	return mail.Letter{
		Greeting:   greeting,
		Paragraphs: []string{"your one-time code for the invoices of " + firm + " is " + mail.CodeMark + ".", "It is valid for 10 minutes. If you did not ask for it, nothing needs to be done; nobody can use it without this mail."},
		Closing:    []string{firm},
	}
}

// message makes the mail of a letter.
func message(l mail.Letter, to ident.ContactID, kind, key, subject string) mail.Message {
	return mail.Message{To: to, Kind: kind, Key: key, Subject: subject, Text: l.Text(), HTML: l.HTML(subject)}
}
