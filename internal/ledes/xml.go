package ledes

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of the XML reader (SECURITY T14).
const (
	xmlDepth    = 32
	xmlName     = 64  // bytes of an element's name: a longer one is known to nobody
	xmlAround   = 10  // faults for each item that may be read, before a file is given up
	xmlNames    = 256 // children by name of one element: past them an unknown one is not kept
	xmlTextKept = textLimit + 1
	xmlToken    = 1 << 20 // bytes of one text, tag or comment: the decoder holds it whole
)

// xmlFix is what to do about a file that is no document of the format.
const xmlFix = "send UTF-8 with the root <ledesxmlebilling2.1> or <ledesxmlebilling2.2>, of 2.0 or of LEDES 2000, without DOCTYPE and entities of its own"

// xmlNode is an element that is open.
type xmlNode struct {
	name   string
	kind   *xmlKind // nil below an element that is only text or unknown
	line   int
	text   []byte
	value  map[string]xmlValue // its known children that hold text, by name; nil before the first
	parent *xmlNode
	place  int            // among its like in the parent, from 1; 0 of an element that is only text
	likes  map[string]int // how many children of each kind were opened; nil before the first
	errors int            // of the file when it was opened

	blocks []*xmlNode // its children that hold others, where the file is read and not only judged
}

// path names an element as XPath does, from below the root: firm[1]/client[1]/invoice[2].
func (n *xmlNode) path() string {
	if n == nil || n.parent == nil {
		return ""
	}
	step := n.name + "[" + strconv.Itoa(n.place) + "]"
	if above := n.parent.path(); above != "" {
		return above + "/" + step
	}
	return step
}

// xmlValue is a child's text and where it begins.
type xmlValue struct {
	text string
	line int
}

// xmlScan is one pass over one XML file. Its memory grows with the invoices of the
// file and the people of one matter, not with its lines, unless the tree is kept.
type xmlScan struct {
	*scan
	keep    bool // keep the tree
	asked   Format
	version *xmlVersion
	root    *xmlNode
	taxes   xmlTaxes
	open    []*xmlNode
	judged  *xmlNode // the element that findings are about
	around  int      // findings of no item, and elements that nobody knows
	numbers map[string]bool
	firm    *xmlNode
	client  *xmlNode
	invoice *xmlInvoice
	matter  *xmlMatter
}

// scanXML reads a whole XML file. DOCTYPE, entities that XML does not define,
// another encoding and deep nesting end the reading: what follows cannot be trusted.
func (s *scan) scanXML(src io.Reader, asked Format) error {
	_, err := s.readXML(src, asked, false)
	return err
}

// readXML is scanXML that also gives the tree of what it could read, nil of a file
// that is no document of the format.
func (s *scan) readXML(src io.Reader, asked Format, keep bool) (*xmlNode, error) {
	s.result.Format = FormatXML21
	x := &xmlScan{scan: s, numbers: map[string]bool{}, keep: keep, asked: asked}
	if err := x.read(src); err != nil {
		return nil, err
	}
	return x.root, nil
}

func (x *xmlScan) read(src io.Reader) error {
	source := &failing{src: bufio.NewReader(src)}
	d := xml.NewDecoder(source)
	rooted := false
	for {
		line, _ := d.InputPos()
		source.left = xmlToken
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if source.err != nil {
			return fmt.Errorf("read line %d: %w", line, source.err)
		}
		if err != nil {
			x.malformed(line, err)
			return nil
		}
		if x.stopped() {
			return nil
		}
		if x.maxLines > 0 && x.around > xmlAround*x.maxLines {
			x.cut(line, "", "", fmt.Sprintf("the file has more than %d faults beside those of its fees and expenses", xmlAround*x.maxLines))
			return nil
		}
		switch t := token.(type) {
		case xml.Directive:
			x.cut(line, "", shown(t), "the file has a DOCTYPE or another declaration")
			return nil
		case xml.StartElement:
			if !rooted && !x.isRoot(t.Name.Local) {
				x.cut(line, shown([]byte(t.Name.Local)), "", "the root names no version that is read here, or not the one asked for")
				return nil
			}
			rooted = true
			if len(x.open) == xmlDepth {
				x.cut(line, shown([]byte(t.Name.Local)), "", fmt.Sprintf("elements are nested deeper than %d", xmlDepth))
				return nil
			}
			x.start(t.Name.Local, line)
		case xml.EndElement:
			if x.end(); x.maxLines > 0 && max(x.result.Lines, len(x.result.Invoices)) > x.maxLines {
				return ErrLong
			}
		case xml.CharData:
			if n := len(x.open); n > 0 {
				node := x.open[n-1]
				node.text = append(node.text, t[:min(len(t), max(0, 4*xmlTextKept-len(node.text)))]...)
			}
		}
	}
	if !rooted {
		x.cut(1, "", "", "the file holds no element")
		return nil
	}
	if len(x.result.Invoices) == 0 {
		x.fault(FIL01, 1, "invoice", "", "the file holds no invoice", "send at least one invoice")
	}
	x.judgeTaxes()
	return nil
}

// failing remembers why reading failed, so that it is not taken for the file's fault.
// It gives no more than is left for one token.
type failing struct {
	src  *bufio.Reader
	err  error
	left int
}

var errToken = errors.New("one text or tag is longer than 1 MiB")

func (f *failing) ReadByte() (byte, error) {
	if f.left--; f.left < 0 {
		return 0, errToken
	}
	b, err := f.src.ReadByte()
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return b, err
}

// Read is there for the decoder's constructor, which asks for bytes one by one.
func (f *failing) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := f.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// malformed tells why the text is no XML document of the format.
func (x *xmlScan) malformed(line int, err error) {
	why := strings.TrimPrefix(err.Error(), "xml: ")
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		line, why = syntax.Line, syntax.Msg
	}
	x.cut(line, "", "", "not well-formed: "+why)
}

// ofItem tells a fee or an expense, or what stands in one.
func (n *xmlNode) ofItem() bool {
	for ; n != nil; n = n.parent {
		if n.name == "fee" || n.name == "expense" {
			return true
		}
	}
	return false
}

// cut tells why the reading ends here.
func (x *xmlScan) cut(line int, field, value, message string) {
	x.judged = nil
	if n := len(x.open); n > 0 {
		x.judged = x.open[n-1]
	}
	x.result.Cut = true
	x.fault(FIL01, line, field, value, message, xmlFix)
}

func (x *xmlScan) fault(c Code, line int, field, value, message, fix string) {
	x.say(Finding{Code: c, Severity: Error, Line: line, Field: field, Value: shown([]byte(value)), Message: message, Fix: fix})
}

func (x *xmlScan) warn(c Code, line int, field, value, message, fix string) {
	x.say(Finding{Code: c, Severity: Warning, Line: line, Field: field, Value: shown([]byte(value)), Message: message, Fix: fix})
}

// say tells a finding with the place of its element, for a file may be one long line.
func (x *xmlScan) say(f Finding) {
	if x.version != nil {
		f.Field = x.version.written(f.Field)
	}
	if f.Code == FIL02 || !x.judged.ofItem() {
		x.around++
	}
	above := x.judged.path()
	switch {
	case above == "":
		f.Path = f.Field
	case f.Field == "", f.Field == x.judged.name:
		f.Path = above
	default:
		f.Path = above + "/" + f.Field
	}
	x.tell(f)
}

func (x *xmlScan) start(name string, line int) {
	name = strings.ToValidUTF8(name[:min(len(name), xmlName)], "")
	node := &xmlNode{name: name, line: line, errors: x.result.Errors}
	if x.version.names[name] != "" {
		node.name = x.version.names[name]
	}
	if n := len(x.open); n > 0 {
		parent := x.open[n-1]
		if node.parent = parent; parent.kind != nil {
			node.kind = x.child(parent, node)
		}
	} else {
		node.kind = x.version.kinds[x.version.root]
		x.root = node
	}
	x.open = append(x.open, node)
	switch node.name {
	case "firm":
		x.firm = node
	case "client":
		x.client = node
	case "invoice":
		x.invoice = &xmlInvoice{node: node}
	case "matter":
		x.matter = &xmlMatter{node: node, people: map[string]string{}}
	}
}

// child is what a child element is: a kind, or nil for text. An unknown one is told.
func (x *xmlScan) child(parent, node *xmlNode) *xmlKind {
	x.judged = parent
	if slices.Contains(parent.kind.blocks, node.name) {
		if parent.likes == nil {
			parent.likes = map[string]int{}
		}
		parent.likes[node.name]++
		node.place = parent.likes[node.name]
		return x.version.kinds[node.name]
	}
	if _, ok := parent.kind.fields[node.name]; !ok && node.name != "file_item_nbr" {
		x.warn(FIL02, node.line, node.name, "", fmt.Sprintf("%s has no element %s", parent.name, node.name), "leave it out, or correct its name")
	}
	return nil
}

func (x *xmlScan) end() {
	n := len(x.open) - 1
	node := x.open[n]
	x.open = x.open[:n]
	if node.kind == nil {
		if n > 0 && !x.open[n-1].holds(node.name) {
			x.judged = x.open[n-1]
			x.text(x.open[n-1], node)
		}
		return
	}
	x.judged = node
	x.required(node)
	x.close(node)
	if x.keep && n > 0 {
		x.open[n-1].blocks = append(x.open[n-1].blocks, node)
	}
}

// text keeps an element's text with its parent and judges it by the parent's table.
func (x *xmlScan) text(parent, node *xmlNode) {
	if parent.kind == nil {
		return
	}
	f, known := parent.kind.fields[node.name]
	if !known && len(parent.value) >= xmlNames {
		return // told when it was opened, and nobody asks for it
	}
	v := strings.TrimSpace(string(node.text))
	if _, twice := parent.value[node.name]; twice {
		x.fault(FLD08, node.line, node.name, v, node.name+" stands twice in one "+parent.name, "keep one")
	}
	if parent.value == nil {
		parent.value = map[string]xmlValue{}
	}
	parent.value[node.name] = xmlValue{v, node.line}
	if !known || v == "" {
		return
	}
	if !utf8.ValidString(v) || bytes.ContainsRune(node.text, utf8.RuneError) {
		x.fault(FIL01, node.line, node.name, v, "the text is not UTF-8", xmlFix)
	}
	if f.max > 0 && utf8.RuneCountInString(v) > f.max {
		x.fault(FLD04, node.line, node.name, v, fmt.Sprintf("longer than %d characters", f.max), "shorten it")
	}
	x.judge(f, node, v)
}

// holds tells that a child is a block, whose own content nobody looks at.
func (n *xmlNode) holds(name string) bool {
	return n.kind != nil && slices.Contains(n.kind.blocks, name)
}

// required tells every mandatory child that is absent or blank.
func (x *xmlScan) required(node *xmlNode) {
	for _, name := range node.kind.order {
		if node.kind.fields[name].required && node.value[name].text == "" {
			line := node.line
			if v, there := node.value[name]; there {
				line = v.line
			}
			x.fault(FLD03, line, name, "", fmt.Sprintf("%s needs %s", node.name, name), "fill it in")
		}
	}
}
