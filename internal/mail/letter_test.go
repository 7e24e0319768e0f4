package mail_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/mail"
)

func TestALetterSaysTheSameInBothParts(t *testing.T) {
	t.Parallel()
	l := mail.Letter{Greeting: "Hello,", Paragraphs: []string{`Smith & "Sons" <Ltd>`}, Facts: []mail.Fact{{Name: "Open", Value: "USD 1.00"}},
		Link: `https://x.example/payor?link=a&b="c"`, LinkText: "Open it", Closing: []string{"Firm", "Street <1>"}}
	wantText := "Hello,\n\nSmith & \"Sons\" <Ltd>\n\nOpen: USD 1.00\n\nOpen it:\nhttps://x.example/payor?link=a&b=\"c\"\n\nFirm\nStreet <1>\n"
	if got := l.Text(); got != wantText {
		t.Errorf("text %q", got)
	}
	html := l.HTML(`Invoice "<1>"`)
	for _, want := range []string{"<title>Invoice &#34;&lt;1&gt;&#34;</title>", "<p>Hello,</p>", "Smith &amp; &#34;Sons&#34; &lt;Ltd&gt;", `href="https://x.example/payor?link=a&amp;b=&#34;c&#34;"`, "Firm<br>Street &lt;1&gt;", "<strong>USD 1.00</strong>"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing in %s", want, html)
		}
	}
	if strings.Contains(html, "<img") || strings.Contains(html, "<script") || strings.Contains(html, "<link") {
		t.Error("the letter asks for something from outside")
	}
}
