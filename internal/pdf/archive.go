package pdf

import (
	"encoding/binary"
	"strings"
)

const producer = "Docketry"

// xmp is the metadata packet: PDF/A-3, level B intended, and the same facts as
// the information dictionary, which ISO 19005-3 wants to agree.
func xmp(info Info) string {
	esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace
	var b strings.Builder
	b.WriteString("<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"` +
		` xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">` +
		`<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>` +
		`<dc:format>application/pdf</dc:format>`)
	b.WriteString(`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + esc(info.Title) + `</rdf:li></rdf:Alt></dc:title>`)
	b.WriteString(`<dc:creator><rdf:Seq><rdf:li>` + esc(info.Author) + `</rdf:li></rdf:Seq></dc:creator>`)
	b.WriteString(`<dc:language><rdf:Bag><rdf:li>` + esc(info.Lang) + `</rdf:li></rdf:Bag></dc:language>`)
	b.WriteString(`<pdf:Producer>` + producer + `</pdf:Producer>`)
	if !info.Created.IsZero() {
		b.WriteString(`<xmp:CreateDate>` + info.Created.UTC().Format("2006-01-02T15:04:05Z") + `</xmp:CreateDate>`)
	}
	b.WriteString(`</rdf:Description></rdf:RDF></x:xmpmeta>` + "\n<?xpacket end=\"w\"?>")
	return b.String()
}

// srgbProfile is an ICC version 4 display profile of sRGB: the primaries adapted to
// D50 by Bradford, and the curve of IEC 61966-2-1 as a formula, so that nothing is
// computed here and every machine writes the same bytes. Numbers are s15Fixed16.
func srgbProfile() []byte {
	white := xyzTag(0x0000F6D6, 0x00010000, 0x0000D32D) // D50: 0.9642 1 0.8249
	curve := append([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), fixed16(
		0x00026666,             // gamma 2.4
		0x0000F2A7, 0x00000D59, // (x + 0.055) / 1.055
		0x000013D0, // x / 12.92
		0x00000A5B, // below 0.04045
	)...)
	adapt := append([]byte("sf32\x00\x00\x00\x00"), fixed16( // D65 to D50
		0x00010C42, 0x000005DE, -0xCDA,
		0x00000793, 0x0000FD90, -0x45F,
		-0x25E, 0x000003DC, 0x0000C06E,
	)...)
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", textTag("sRGB IEC61966-2.1")},
		{"cprt", textTag("No copyright, use freely")},
		{"wtpt", white},
		{"chad", adapt},
		{"rXYZ", xyzTag(0x00006FA2, 0x000038F5, 0x00000390)},
		{"gXYZ", xyzTag(0x00006299, 0x0000B785, 0x000018DA)},
		{"bXYZ", xyzTag(0x000024A0, 0x00000F84, 0x0000B6CF)},
		{"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
	}
	b := profileHeader()
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	offset := len(b) + 12*len(tags)
	var data []byte
	for i, t := range tags {
		if i > 0 && t.name[1:] == "TRC" && t.name != "rTRC" {
			// The three curves are one: their entries point at the same bytes.
			b = append(b, t.name...)
			b = append(b, b[len(b)-12:len(b)-4]...)
			continue
		}
		b = append(b, t.name...)
		b = binary.BigEndian.AppendUint32(b, uint32(offset+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(t.data)))
		data = append(data, t.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	b = append(b, data...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// profileHeader is the 128 bytes of ICC.1:2010, 7.2; its date is that of the standard's profile.
func profileHeader() []byte {
	h := make([]byte, 128)
	binary.BigEndian.PutUint32(h[8:], 0x04200000) // version 4.2
	copy(h[12:], "mntrRGB XYZ ")
	binary.BigEndian.PutUint16(h[24:], 2000)
	h[27], h[29] = 1, 1
	copy(h[36:], "acsp")
	copy(h[68:], fixed16(0x0000F6D6, 0x00010000, 0x0000D32D)) // the connection space is D50
	return h
}

func xyzTag(x, y, z int32) []byte {
	return append([]byte("XYZ \x00\x00\x00\x00"), fixed16(x, y, z)...)
}

// textTag is a multiLocalizedUnicode text in American English.
func textTag(s string) []byte {
	b := []byte("mluc\x00\x00\x00\x00")
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, 12)
	b = append(b, "enUS"...)
	b = binary.BigEndian.AppendUint32(b, uint32(2*len(s)))
	b = binary.BigEndian.AppendUint32(b, 28)
	for _, c := range []byte(s) {
		b = append(b, 0, c)
	}
	return b
}

func fixed16(vs ...int32) []byte {
	var b []byte
	for _, v := range vs {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}
