package receipt

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
)

// document is a PDF of one empty page with more objects, from number 4 on, and with more
// in its catalogue.
func document(catalogue string, objects ...string) []byte {
	all := append([]string{"<< /Type /Catalog /Pages 2 0 R " + catalogue + " >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"}, objects...)
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	at := make([]int, len(all))
	for i, o := range all {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(all)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, start)
	return b.Bytes()
}

func deflated(plain []byte) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// packed is a PDF whose catalogue and more stand in a compressed object stream, named as
// name, with a cross-reference stream.
func packed(name, catalogue string, more ...string) []byte {
	objects := append([]string{"<< /Type /Catalog /Pages 2 0 R " + catalogue + " >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"}, more...)
	var heads, bodies strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&heads, "%d %d ", i+1, bodies.Len())
		bodies.WriteString(o + "\n")
	}
	stream := deflated([]byte(heads.String() + bodies.String()))
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	holder, table := len(objects)+1, len(objects)+2
	atHolder := b.Len()
	fmt.Fprintf(&b, "%d 0 obj\n<< /Type /%s /N %d /First %d /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", holder, name, len(objects), heads.Len(), len(stream), stream)
	atTable := b.Len()
	var rows bytes.Buffer
	row := func(kind byte, second uint32, third byte) {
		rows.WriteByte(kind)
		_ = binary.Write(&rows, binary.BigEndian, second)
		rows.WriteByte(third)
	}
	row(0, 0, 255)
	for i := range objects {
		row(2, uint32(holder), byte(i))
	}
	row(1, uint32(atHolder), 0)
	row(1, uint32(atTable), 0)
	xref := deflated(rows.Bytes())
	fmt.Fprintf(&b, "%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", table, table+1, len(xref), xref, atTable)
	return b.Bytes()
}

func picture(t testing.TB, encode func(b *bytes.Buffer, m image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func aPNG(t testing.TB) []byte {
	t.Helper()
	return picture(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
}

// claiming is a PNG whose header names another size.
func claiming(t *testing.T, width, height uint32) []byte {
	t.Helper()
	data := aPNG(t)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func TestWhatAFileIs(t *testing.T) {
	t.Parallel()
	jpg := picture(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	for name, c := range map[string]struct {
		data []byte
		want Media
	}{
		"a page":                      {document(""), PDF},
		"a page in an object stream":  {packed("ObjStm", ""), PDF},
		"a page that opens at itself": {document("/OpenAction [3 0 R /Fit]"), PDF},
		"a page with a link":          {document("", "<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://vendor.example) >> >>"), PDF},
		"an invoice with its XML": {document("/AF [4 0 R] /Names << /EmbeddedFiles << /Names [(factur-x.xml) 4 0 R] >> >>",
			"<< /Type /Filespec /F (factur-x.xml) /EF << /F 5 0 R >> >>", "<< /Type /EmbeddedFile /Subtype /text#2Fxml /Length 4 >>\nstream\n<a/>\nendstream"), PDF},
		"a scan":  {aPNG(t), PNG},
		"a photo": {jpg, JPEG},
	} {
		got, err := inspect(c.data)
		if err != nil || got != c.want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

// What runs, carries or hides something is refused with what to do, wherever in the file
// it stands and however its names are spelled.
func TestT14_AHostileReceiptIsRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, maxStreams+1)
	for i := range many {
		many[i] = "<< /Type /Obj#53tm /N 1 /First 4 /Length 1 >>\nstream\n \nendstream"
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"nothing":                      {nil, "file_empty"},
		"a program":                    {append([]byte("MZ\x90\x00"), make([]byte, 200)...), "file_kind"},
		"a web page":                   {[]byte("<html><script>alert(1)</script></html>"), "file_kind"},
		"a drawing that runs":          {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "file_kind"},
		"a GIF":                        {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "file_kind"},
		"half a picture":               {aPNG(t)[:20], "file_damaged"},
		"a picture without end":        {claiming(t, 60_000, 60_000), "file_picture_large"},
		"a picture of too many dots":   {claiming(t, 19_000, 19_000), "file_picture_large"},
		"a PDF by name only":           {[]byte("%PDF-1.7\nnothing more"), "file_damaged"},
		"half a PDF":                   {document("")[:60], "file_damaged"},
		"a script at opening":          {document("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "file_active"},
		"a script by another spelling": {document("/OpenAction 4 0 R", "<< /#53 /Java#53cript /J#53 (app.alert(1)) >>"), "file_active"},
		"a script in an object stream": {packed("ObjStm", "/OpenAction 4 0 R", "<< /S /JavaScript /JS (app.alert(1)) >>"), "file_active"},
		"a script nobody refers to":    {document("", "<< /S /JavaScript /JS (app.alert(1)) >>"), "file_active"},
		"scripts by name":              {document("/Names << /JavaScript << /Names [(a) 4 0 R] >> >>", "<< >>"), "file_active"},
		"a start of a program":         {document("", "<< /S /Launch /F (cmd.exe) >>"), "file_active"},
		"a form that sends itself":     {document("", "<< /S /SubmitForm /F (https://x.example) >>"), "file_active"},
		"a form that runs":             {document("/AcroForm << /XFA [(a) 4 0 R] >>", "<< >>"), "file_active"},
		"another file": {document("/Names << /EmbeddedFiles << /Names [(a.exe) 4 0 R] >> >>",
			"<< /Type /Filespec /F (a.exe) /EF << /F 5 0 R >> >>", "<< /Type /EmbeddedFile /Length 2 >>\nstream\nMZ\nendstream"), "file_active"},
		"another file that says XML elsewhere": {document("", "<< /F (a.exe) /EF << /F 5 0 R /UF 6 0 R >> >>", "<< /Subtype /text#2Fxml /Length 4 >>\nstream\n<a/>\nendstream",
			"<< /Subtype /application#2Foctet-stream /Length 2 >>\nstream\nMZ\nendstream"), "file_active"},
		"a program that says it is XML":  {document("", "<< /Type /Filespec /F (pay-now.exe) /EF << /F 5 0 R >> >>", "<< /Subtype /text#2Fxml /Length 2 >>\nstream\nMZ\nendstream"), "file_active"},
		"a program under XML's name":     {document("", "<< /Type /Filespec /F (factur-x.xml) /EF << /F 5 0 R >> >>", "<< /Subtype /text#2Fxml /Length 2 >>\nstream\nMZ\nendstream"), "file_active"},
		"related files":                  {document("", "<< /Type /Filespec /F (a.xml) /EF << /F 5 0 R >> /RF << /F [(a.exe) 5 0 R] >> >>", "<< /Subtype /text#2Fxml /Length 4 >>\nstream\n<a/>\nendstream"), "file_active"},
		"a kind behind a reference":      {document("", "<< /S 5 0 R /F (cmd.exe) >>", "/Launch"), "file_active"},
		"a share asked at opening":       {document("/OpenAction << /S /GoToR /F (\\\\\\\\host\\\\share\\\\a.pdf) /D [0 /Fit] >>"), "file_active"},
		"a page of the web at opening":   {document("/OpenAction << /S /URI /URI (https://x.example) >>"), "file_active"},
		"an act at turning a page":       {document("/AA << /WC << /S /URI /URI (https://x.example) >> >>"), "file_active"},
		"a link that runs":               {document("", "<< /Subtype /Link /A << /S /URI /URI (javascript:alert\\(1\\)) >> >>"), "file_active"},
		"a link to a file":               {document("", "<< /Subtype /Link /A << /S /URI /URI <66696c653a2f2f2f612e657865> >> >>"), "file_active"},
		"a model that moves":             {document("", "<< /Subtype /3D /3DD 5 0 R >>", "<< >>"), "file_active"},
		"a stream that stands elsewhere": {document("", "<< /F << /FS /URL /F (https://x.example/a) >> /Length 0 >>\nstream\n\nendstream"), "file_active"},
		"a page of another file":         {document("", "<< /Subtype /Form /Ref << /F (a.pdf) /Page 0 >> /Length 0 >>\nstream\n\nendstream"), "file_active"},
		"a program of the printer":       {document("", "<< /Type /XObject /Subtype /PS /Length 0 >>\nstream\n\nendstream"), "file_active"},
		"two tables of its parts":        {bytes.Replace(document(""), []byte("/Root 1 0 R"), []byte("/Root 1 0 R /XRef#53tm 20"), 1), "file_active"},
		"a locked file":                  {bytes.Replace(document("", "<< /Filter /Standard /V 1 /R 2 /O (x) /U (y) /P -4 >>"), []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Encrypt 4 0 R"), 1), "file_locked"},
		"objects without end":            {document("/X " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000)), "file_damaged"},
		"more streams than a bill has":   {document("", many...), "file_damaged"},
	} {
		_, err := inspect(c.data)
		var f *fault.Error
		if !errors.Is(err, ErrFile) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "file" || f.Fields[0].Code != c.code || f.Fields[0].Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := inspect(append([]byte("%PDF-1.7\n"), make([]byte, MaxFile)...)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// A stream that unpacks to more than a bill has is given up, and little is held meanwhile.
func TestT14_AReceiptThatSwellsIsGivenUp(t *testing.T) {
	t.Parallel()
	swollen := packed("ObjStm", "", "("+strings.Repeat(" ", 64<<20)+")")
	if len(swollen) > 1<<20 {
		t.Fatalf("the file has %d bytes: no such thing", len(swollen))
	}
	if _, err := inspect(swollen); !errors.Is(err, ErrFile) {
		t.Errorf("inspect: %v", err)
	}
}

func TestNamesOfFiles(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"bill.pdf": "bill.pdf", `C:\scans\a b.PDF`: "a b.pdf", "../../etc/passwd": "passwd.pdf", "": "receipt.pdf", ".pdf": "receipt.pdf", "a\r\nb.pdf": "ab.pdf",
		strings.Repeat("ö", 300): strings.Repeat("ö", 116) + ".pdf", "\xff.pdf": "receipt.pdf", "bill\u202egpj.exe": "billgpj.pdf",
	} {
		if got := (Upload{Name: in}).named(PDF); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Whatever comes, inspect answers, and what it lets through is one of the three.
func FuzzInspect(f *testing.F) {
	f.Add(document("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"))
	f.Add(packed("ObjStm", "", "<< /EF << /F 9 0 R >> >>"))
	f.Add(aPNG(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := inspect(data)
		if (err == nil) != (m == PDF || m == PNG || m == JPEG) {
			t.Errorf("%q, %v", m, err)
		}
	})
}
