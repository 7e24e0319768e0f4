package pdf

import "strconv"

// element is one node of the structure tree.
type element struct {
	tag    Tag
	scope  Scope
	span   uint8
	parent int32 // -1 for the top one
	kids   []kid
}

// kid is a child element, or marked content of a page.
type kid struct {
	element int32 // -1 for marked content
	page    int32
	mark    int32
}

func (w *Writer) openElement(op *Op) {
	parent := int32(-1)
	if n := len(w.open); n > 0 {
		parent = w.open[n-1]
	}
	index := int32(len(w.elements))
	// An element left over from an earlier file lends its kids' memory.
	if n := len(w.elements); n < cap(w.elements) {
		w.elements = w.elements[:n+1]
	} else {
		w.elements = append(w.elements, element{})
	}
	e := &w.elements[index]
	*e = element{tag: op.Tag, scope: op.Scope, span: op.Span, parent: parent, kids: e.kids[:0]}
	if parent >= 0 {
		p := &w.elements[parent]
		p.kids = append(p.kids, kid{element: index})
	}
	w.open = append(w.open, index)
}

// addMark notes that element e has content on page, and returns its number there.
func (w *Writer) addMark(e int32, page int) int {
	p := &w.pages[page]
	n := len(p.marks)
	p.marks = append(p.marks, e)
	el := &w.elements[e]
	el.kids = append(el.kids, kid{element: -1, page: int32(page), mark: int32(n)})
	return n
}

// structure writes the tree and the way back from each page's content to it.
func (w *Writer) structure() error {
	root := w.structureObj()
	tree := root + 1 + len(w.elements)
	w.beginPacked(root)
	w.pack("<</Type/StructTreeRoot/K[")
	for i := range w.elements {
		if w.elements[i].parent < 0 {
			w.packRef(root + 1 + i)
		}
	}
	w.pack("]/ParentTree ")
	w.packRef(tree)
	w.pack("/ParentTreeNextKey ")
	w.packInt(len(w.pages))
	w.pack(">>")
	for i := range w.elements {
		if err := w.element(root, i); err != nil {
			return err
		}
	}
	w.beginPacked(tree)
	w.pack("<</Nums[")
	for i := range w.pages {
		w.packInt(i)
		w.pack("[")
		for _, e := range w.pages[i].marks {
			w.packRef(root + 1 + int(e))
		}
		w.pack("]")
	}
	w.pack("]>>")
	return w.flushPacked()
}

func (w *Writer) element(root, i int) error {
	e := &w.elements[i]
	if len(w.packNums) >= packLimit {
		if err := w.flushPacked(); err != nil {
			return err
		}
	}
	w.beginPacked(root + 1 + i)
	w.pack("<</Type/StructElem/S/")
	w.pack(tagNames[e.tag])
	w.pack("/P ")
	w.packRef(root + 1 + int(e.parent)) // parent -1 is the root itself
	page := int32(-1)
	for _, k := range e.kids {
		if k.element < 0 {
			page = k.page
			break
		}
	}
	if page >= 0 {
		w.pack("/Pg ")
		w.packRef(pageObj(int(page)))
	}
	w.pack("/K[")
	for _, k := range e.kids {
		w.kid(k, page)
	}
	w.pack("]")
	w.cellAttributes(e)
	w.pack(">>")
	return nil
}

func (w *Writer) kid(k kid, page int32) {
	switch {
	case k.element >= 0:
		w.packRef(w.structureObj() + 1 + int(k.element))
	case k.page == page:
		w.packInt(int(k.mark))
		w.pack(" ")
	default: // a cell that goes on over the page
		w.pack("<</Type/MCR/Pg ")
		w.packRef(pageObj(int(k.page)))
		w.pack("/MCID ")
		w.packInt(int(k.mark))
		w.pack(">>")
	}
}

func (w *Writer) cellAttributes(e *element) {
	if e.scope == NoScope && e.span <= 1 {
		return
	}
	w.pack("/A<</O/Table")
	switch e.scope {
	case Column:
		w.pack("/Scope/Column")
	case Row:
		w.pack("/Scope/Row")
	case NoScope:
	}
	if e.span > 1 {
		w.pack("/ColSpan ")
		w.packInt(int(e.span))
	}
	w.pack(">>")
}

func (w *Writer) pack(s string) { w.packed = append(w.packed, s...) }
func (w *Writer) packInt(n int) { w.packed = strconv.AppendInt(w.packed, int64(n), 10) }
func (w *Writer) packRef(n int) {
	w.packed = append(strconv.AppendInt(w.packed, int64(n), 10), " 0 R "...)
}
