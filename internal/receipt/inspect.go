package receipt

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // read their headers
	_ "image/png"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/docketry/docketry/internal/fault"
)

// maxSide and maxPixels bound a picture: an A4 page at 600 dots an inch has 35 million.
const (
	maxSide   = 20_000
	maxPixels = 60_000_000
)

// What a PDF may take to be read: it is looked at and never drawn. Its object streams are
// all held at once, which is 128 MiB at most; those of a bill have some kilobytes.
const (
	maxDecoded = 1 << 20
	maxObjects = 200_000
	maxStreams = 128
)

// objectStream finds the name of one, which may be spelled in hexadecimal (ISO 32000-1, 7.3.5).
var objectStream = regexp.MustCompile(`/(?:O|#4[fF])(?:b|#62)(?:j|#6[aA])(?:S|#53)(?:t|#74)(?:m|#6[dD])`)

// activeKeys and activeKinds are what a PDF does by itself, or carries to be done (ISO
// 32000-1, 8.10.4, 12.6 and 13). A link to the web is left: a reader asks before following it.
var (
	activeKeys  = map[string]string{"JS": "scripts", "JavaScript": "scripts", "XFA": "a form that runs", "RichMedia": "films", "RF": "other files", "OnInstantiate": "scripts"}
	activeKinds = map[string]string{"JavaScript": "scripts", "Launch": "a start of other programs", "ImportData": "an import of data", "SubmitForm": "a form that sends itself",
		"GoToE": "a way into other files", "GoToR": "a way into other files", "Thread": "a way into other files", "Rendition": "films", "Movie": "films", "Sound": "sounds", "RichMedia": "films",
		"RichMediaExecute": "films", "3D": "a model that moves", "U3D": "a model that moves", "PRC": "a model that moves", "PS": "a program of the printer"}
)

// hybrid finds the second table of objects that some readers look into and others do not.
var hybrid = regexp.MustCompile(`/(?:X|#58)(?:R|#52)(?:e|#65)(?:f|#66)(?:S|#53)(?:t|#74)(?:m|#6[dD])`)

// configuration is how files are read: from memory, with bounds, asking nobody.
var configuration = sync.OnceValue(func() model.Configuration {
	api.DisableConfigDir()
	c := model.NewDefaultConfiguration()
	c.Offline, c.ValidationMode = true, model.ValidationRelaxed
	c.Limits.MaxStreamBytes, c.Limits.MaxDecodeBytes = MaxFile, maxDecoded
	c.Limits.MaxObjectCount, c.Limits.MaxObjectStreamCount, c.Limits.MaxXRefEntries = maxObjects, maxObjects, maxObjects
	return *c
})

// inspect tells what a file is, or refuses it with what to do. It reads bounded memory
// whatever the file claims.
func inspect(data []byte) (Media, error) {
	switch {
	case len(data) == 0:
		return "", refused("file_empty", "the file is empty; choose the scan or the bill itself")
	case len(data) > MaxFile:
		return "", ErrTooLarge
	}
	if bytes.HasPrefix(data, []byte("%PDF-")) {
		if err := inspectPDF(data); err != nil {
			return "", err
		}
		return PDF, nil
	}
	return inspectImage(data)
}

func refused(code, says string) error {
	return ErrFile.On(fault.Field{Path: "file", Code: code, Message: says})
}

func inspectImage(data []byte) (Media, error) {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return "", refused("file_kind", "only a PDF, PNG or JPEG is kept; this file is none of them, whatever its name says")
	case err != nil:
		return "", refused("file_damaged", "this picture cannot be read; take or scan it again")
	case c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels:
		return "", refused("file_picture_large", "this picture has more dots than a page needs; scan it at 300 dots an inch")
	}
	return Media("image/" + format), nil
}

// inspectPDF reads the objects of a file, also those in compressed streams, and asks each
// what it is.
func inspectPDF(data []byte) (err error) {
	// The library reads what nobody made with care; where it stumbles, so may a reader.
	defer func() {
		if stumbled := recover(); stumbled != nil {
			err = errDamaged
		}
	}()
	if len(objectStream.FindAllIndex(data, maxStreams+1)) > maxStreams {
		return refused("file_damaged", "this PDF is made of too many parts; print it to a new PDF and hand that in") // its own words: it may well be sound
	}
	if hybrid.Match(data) {
		return refused("file_active", "this PDF has two tables of its parts, so that readers differ in what they show; print it to a new PDF and hand that in")
	}
	conf := configuration()
	file, err := api.ReadContext(bytes.NewReader(data), &conf)
	switch {
	case bytes.Contains(data, []byte("/Encrypt")) && (err != nil || file.Encrypt != nil):
		return refused("file_locked", "this PDF is locked with a password; print it to a new PDF and hand that in")
	case err != nil:
		return errDamaged
	}
	look := looker{file, data}
	for _, n := range slices.Sorted(maps.Keys(file.Table)) { // so that one file is always refused for the same thing
		if err := look.at(n); err != nil {
			return err
		}
	}
	if err := file.EnsurePageCount(); err != nil || file.PageCount == 0 {
		return errDamaged
	}
	return nil
}

var errDamaged = refused("file_damaged", "this PDF cannot be read; print it to a new PDF and hand that in")

// deepest is how far objects are nested that anybody made with care.
const deepest = 100

// looker looks through the objects of one file.
type looker struct {
	file *model.Context
	data []byte
}

// isNull matches an object that is nothing, as an editor leaves them.
var isNull = regexp.MustCompile(`^\s*\d+\s+\d+\s+obj\s*null\b`)

// at asks one object. What cannot be read here another reader may read, and run.
func (l looker) at(n int) error {
	e := l.file.Table[n]
	if e == nil || e.Free {
		return nil
	}
	o, err := l.file.Dereference(*types.NewIndirectRef(n, 0))
	if err != nil {
		return errDamaged
	}
	if o == nil && (e.Offset == nil || *e.Offset < 0 || *e.Offset >= int64(len(l.data)) || !isNull.Match(l.data[*e.Offset:])) {
		return errDamaged
	}
	if what := l.active(o, 0); what != "" {
		return refused("file_active", "this PDF has "+what+" in it; print it to a new PDF and hand that in")
	}
	return nil
}

// active says what an object does that a receipt has no use for, "" for nothing.
// References lead to objects that are asked themselves.
func (l looker) active(o types.Object, depth int) string {
	if depth > deepest {
		return "objects within objects without end"
	}
	switch o := o.(type) {
	case types.StreamDict:
		return l.stream(o.Dict, depth)
	case *types.StreamDict:
		return l.stream(o.Dict, depth)
	case types.ObjectStreamDict:
		return l.stream(o.Dict, depth)
	case *types.ObjectStreamDict:
		return l.stream(o.Dict, depth)
	case types.Array:
		for _, x := range o {
			if what := l.active(x, depth+1); what != "" {
				return what
			}
		}
	case types.Dict:
		if what := l.whole(o); what != "" {
			return what
		}
		for _, k := range slices.Sorted(maps.Keys(o)) {
			if what := l.entry(k, o[k], depth); what != "" {
				return what
			}
		}
	}
	return ""
}

// stream asks the dictionary of a stream, whose bytes stand in the file itself.
func (l looker) stream(o types.Dict, depth int) string {
	if _, elsewhere := o.Find("F"); elsewhere {
		return "parts that stand elsewhere"
	}
	return l.active(o, depth+1)
}

// whole asks what only several entries of a dictionary tell together.
func (l looker) whole(o types.Dict) string {
	if kind := l.name(o["S"]); kind == "URI" {
		if !l.web(o["URI"]) {
			return "a link that is none to the web"
		}
	}
	if _, carries := o.Find("EF"); carries && !l.onlyXML(o) {
		return "other files"
	}
	if ref, err := l.file.DereferenceDict(o["Ref"]); err == nil && ref != nil {
		if _, elsewhere := ref.Find("F"); elsewhere {
			return "parts that stand elsewhere"
		}
	}
	// What is done at opening, or at turning a page, is done without being asked for: a
	// place to begin at is all that a receipt needs.
	if first, err := l.file.DereferenceDict(o["OpenAction"]); err == nil && first != nil && l.name(first["S"]) != "GoTo" {
		return "an act at opening"
	}
	if acts, err := l.file.DereferenceDict(o["AA"]); err == nil && len(acts) > 0 {
		return "acts of its own"
	}
	return ""
}

// name is a name, also behind a reference; "" for what is none.
func (l looker) name(o types.Object) string {
	o, err := l.file.Dereference(o)
	if n, ok := o.(types.Name); ok && err == nil {
		return string(n)
	}
	return ""
}

// web tells whether an address is of the web, or of mail.
func (l looker) web(o types.Object) bool {
	address, err := l.file.DereferenceStringOrHexLiteral(o, model.V10, nil)
	scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), ":")
	return err == nil && (scheme == "http" || scheme == "https" || scheme == "mailto")
}

func (l looker) entry(key string, o types.Object, depth int) string {
	if what := activeKeys[key]; what != "" {
		return what
	}
	if key == "S" || key == "Subtype" || key == "Type" {
		if what := activeKinds[l.name(o)]; what != "" {
			return what
		}
	}
	return l.active(o, depth+1)
}

// onlyXML tells whether all files that a file specification carries are XML by name, kind
// and first bytes, as those of an electronic invoice within its PDF are (EN 16931 in
// PDF/A-3).
func (l looker) onlyXML(o types.Dict) bool {
	for _, key := range []string{"F", "UF", "DOS", "Mac", "Unix"} {
		if _, named := o.Find(key); !named {
			continue
		}
		name, err := l.file.DereferenceStringOrHexLiteral(o[key], model.V10, nil)
		if err != nil || !strings.HasSuffix(strings.ToLower(name), ".xml") {
			return false
		}
	}
	files, err := l.file.DereferenceDict(o["EF"])
	if err != nil || len(files) == 0 {
		return false
	}
	for _, f := range files {
		s, _, err := l.file.DereferenceStreamDict(f)
		if err != nil || s == nil {
			return false
		}
		plain, err := types.DecodeName(l.name(s.Dict["Subtype"]))
		if err != nil || plain != "text/xml" && plain != "application/xml" {
			return false
		}
		if err := s.DecodeWithLimit(maxDecoded); err != nil || !bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(s.Content, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<")) {
			return false
		}
	}
	return true
}
