package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zlib"
)

// The objects that every file has, by number. Pages, their contents and the
// structure follow from firstFree.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objMetadata
	objProfile
	objFont   // five a face: font, descendant, descriptor, program, ToUnicode
	firstFree = objFont + 5*int(faces)
)

// errUnbalanced is a fault of the layout: Open and Close, or Artifact and
// EndArtifact, do not match, or something is drawn before the first page.
var errUnbalanced = errors.New("the drawing instructions do not nest")

// Writer turns instructions into files, one after the other. It keeps its buffers,
// so use one per worker; it is not safe for concurrent use.
type Writer struct {
	fonts    *Fonts
	out      []byte  // the file
	offsets  []place // by object number
	packed   []byte  // objects waiting for their object stream
	packHead []byte
	packNums []int
	content  []byte // of the page being drawn
	deflated bytes.Buffer
	deflater *zlib.Writer
	pages    []sheet
	elements []element
	open     []int32 // indexes of the elements that are open
	reach    [faces]reach
	pen      pen
}

// sheet is one page.
type sheet struct {
	w, h  Unit
	marks []int32 // by marked-content number: the element that it belongs to
}

// NewWriter returns a writer over shared fonts.
func NewWriter(f *Fonts) (*Writer, error) {
	// Level 1: 2.3 times as fast as the standard library's default, files slightly larger.
	z, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		return nil, err
	}
	return &Writer{fonts: f, deflater: z}, nil
}

// Write returns the file that ops draw. It fails with ErrGlyph or ErrRightToLeft
// for text that cannot be printed. The same arguments give the same bytes.
func (w *Writer) Write(info Info, ops []Op) ([]byte, error) {
	w.reset()
	if err := w.draw(ops); err != nil {
		return nil, err
	}
	if len(w.open) > 0 || len(w.pages) == 0 {
		return nil, errUnbalanced
	}
	w.catalog(info)
	if err := w.embedFonts(); err != nil {
		return nil, err
	}
	if err := w.structure(); err != nil {
		return nil, err
	}
	if err := w.finish(); err != nil {
		return nil, err
	}
	return slices.Clone(w.out), nil
}

func (w *Writer) reset() {
	w.out = append(w.out[:0], "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"...)
	w.offsets = w.offsets[:0]
	w.packed, w.packHead, w.packNums = w.packed[:0], w.packHead[:0], w.packNums[:0]
	w.content, w.pages, w.elements, w.open = w.content[:0], w.pages[:0], w.elements[:0], w.open[:0]
	w.reach = [faces]reach{}
	w.pen = pen{}
}

// pageObj and contentObj are the objects of page i, counted from 0.
func pageObj(i int) int    { return firstFree + 2*i }
func contentObj(i int) int { return firstFree + 2*i + 1 }

// structureObj is the root of the structure, behind the last page.
func (w *Writer) structureObj() int { return firstFree + 2*len(w.pages) }

func (w *Writer) catalog(info Info) {
	w.begin(objCatalog)
	w.put("<</Type/Catalog/Pages ", ref(objPages), "/Metadata ", ref(objMetadata), "/Lang", textString(info.Lang),
		"/MarkInfo<</Marked true>>/StructTreeRoot ", ref(w.structureObj()), "/ViewerPreferences<</DisplayDocTitle true>>",
		"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB IEC61966-2.1)",
		"/Info(sRGB IEC61966-2.1)/DestOutputProfile ", ref(objProfile), ">>]>>")
	w.end()
	w.begin(objPages)
	w.put("<</Type/Pages/Count ", strconv.Itoa(len(w.pages)), "/Kids[")
	for i := range w.pages {
		w.put(ref(pageObj(i)), " ")
	}
	w.put("]>>")
	w.end()
	w.begin(objInfo)
	w.put("<</Title", textString(info.Title), "/Author", textString(info.Author), "/Producer", textString(producer))
	if !info.Created.IsZero() {
		w.put("/CreationDate(", info.Created.UTC().Format("D:20060102150405"), "+00'00')")
	}
	w.put(">>")
	w.end()
	// The metadata stay readable to tools that know no PDF (ISO 19005-3, 6.6.2).
	w.streamObj(objMetadata, "/Type/Metadata/Subtype/XML", []byte(xmp(info)))
	w.streamObj(objProfile, "/N 3", srgbProfile())
}

func (w *Writer) embedFonts() error {
	for i, t := range w.fonts.face {
		e, err := t.get(w.reach[i])
		if err != nil {
			return fmt.Errorf("embed font %s: %w", t.name, err)
		}
		w.embedFont(objFont+5*i, t, e, w.reach[i])
	}
	return nil
}

func (w *Writer) embedFont(n int, t *typeface, e *embed, r reach) {
	name := "DKT" + string(rune('A'+r)) + "SF+" + t.name // a subset's name starts with six letters of its own
	w.begin(n)
	w.put("<</Type/Font/Subtype/Type0/BaseFont/", name, "/Encoding/Identity-H/DescendantFonts[", ref(n+1), "]/ToUnicode ", ref(n+4), ">>")
	w.end()
	w.begin(n + 1)
	w.put("<</Type/Font/Subtype/CIDFontType2/BaseFont/", name,
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/CIDToGIDMap/Identity/DW 0/FontDescriptor ", ref(n+2), "/W")
	w.out = append(w.out, e.widths...)
	w.put(">>")
	w.end()
	w.begin(n + 2)
	box := t.bbox
	w.out = fmt.Appendf(w.out, "<</Type/FontDescriptor/FontName/%s/Flags 4/ItalicAngle 0/StemV 80/Ascent %d/Descent %d/CapHeight %d/FontBBox[%d %d %d %d]/FontFile2 %d 0 R>>",
		name, t.ascent, t.descent, t.capHeight, box[0], box[1], box[2], box[3], n+3)
	w.end()
	w.streamObj(n+3, "/Filter/FlateDecode/Length1 "+strconv.Itoa(e.fileBytes), e.file)
	w.streamObj(n+4, "/Filter/FlateDecode", e.toUnicode)
}
