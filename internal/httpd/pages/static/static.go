// Package static holds the style sheet, the scripts and the icons of the pages,
// embedded, and serves them under an address that changes with their content. It
// knows no page. Scripts only shorten what works without them.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

//go:embed css/*.css js/*.js icons.svg mark.svg
var source embed.FS

// Mount is where the handler hangs; every address below it starts with the hash of
// all files.
const Mount = "/static/"

// sheets in the order the cascade needs; together they are app.css, so that the
// first paint waits for one file.
var sheets = [...]string{
	"tokens", "base", "frame", "parts", "table", "form", "chart", "queue", "item", "prebill",
	"invoice", "report", "gate", "narrow", "util", "print",
}

// modules in the order that what is imported stands before who imports it; together
// they are app.js, one request and better compressed than each alone. They share one
// scope, so no two may declare the same name at their top.
var modules = [...]string{"say", "dialog", "keys", "live", "palette", "passkey", "rows", "app"}

// Asset is one file as it is sent.
type Asset struct {
	Type string // Content-Type
	Body []byte
	Gzip []byte // Body, compressed once
}

type bundle struct {
	version string
	assets  map[string]Asset
	icons   map[string]string
}

var iconID = regexp.MustCompile(`<symbol id="([a-z]+)"`)

// load runs once: the files are part of the binary and cannot change.
var load = sync.OnceValue(func() bundle {
	files := map[string][]byte{"app.css": stylesheet(), "app.js": script(), "icons.svg": read("icons.svg"), "mark.svg": read("mark.svg")}
	b := bundle{assets: make(map[string]Asset, len(files))}
	sum := sha256.New()
	for _, n := range sorted(files) {
		sum.Write([]byte(n))
		sum.Write(files[n])
		small := minified(n, files[n])
		b.assets[n] = Asset{Type: contentType(n), Body: small, Gzip: compress(small)}
	}
	b.version = hex.EncodeToString(sum.Sum(nil)[:8])
	b.icons = make(map[string]string)
	for _, m := range iconID.FindAllSubmatch(files["icons.svg"], -1) {
		b.icons[string(m[1])] = Mount + b.version + "/icons.svg#" + string(m[1])
	}
	return b
})

// minified leaves out what a browser does not need: comments are for us.
func minified(name string, text []byte) []byte {
	kind, _, _ := strings.Cut(contentType(name), ";")
	m := minify.New()
	m.AddFunc("text/css", css.Minify)
	m.AddFunc("text/javascript", js.Minify)
	small, err := m.Bytes(kind, text)
	if errors.Is(err, minify.ErrNotExist) {
		return text // an icon
	}
	if err != nil {
		panic(fmt.Errorf("minify %s: %w", name, err)) // our own file, found by any test
	}
	return small
}

// Path is the address of a file: "app.css", "app.js" or "icons.svg".
// An unknown name panics, so a wrong one fails the first test that renders it.
func Path(name string) string {
	b := load()
	if _, ok := b.assets[name]; !ok {
		panic("static: no file " + name)
	}
	return Mount + b.version + "/" + name
}

// Icon is the address of one symbol of icons.svg; an unknown one panics likewise.
func Icon(name string) string {
	address, ok := load().icons[name]
	if !ok {
		panic("static: no icon " + name)
	}
	return address
}

// Icons lists the names of all symbols, in order.
func Icons() []string { return sorted(load().icons) }

// Find returns the file behind an address below Mount, and whether its hash is
// today's: an old hash still finds the file but must not be cached for long.
func Find(address string) (a Asset, current, ok bool) {
	version, name, found := strings.Cut(strings.TrimPrefix(address, Mount), "/")
	if !found {
		return Asset{}, false, false
	}
	b := load()
	a, ok = b.assets[name]
	return a, version == b.version, ok
}

// Names lists all files, in order.
func Names() []string { return sorted(load().assets) }

func stylesheet() []byte {
	var all bytes.Buffer
	for _, s := range sheets {
		all.Write(read("css/" + s + ".css"))
	}
	return all.Bytes()
}

// seams are what joins modules: an import of a neighbour, and the word that offers.
var seams = regexp.MustCompile(`(?m)^(?:import [^\n]*\n|export )`)

func script() []byte {
	var all bytes.Buffer
	for _, m := range modules {
		all.Write(seams.ReplaceAll(read("js/"+m+".js"), nil))
	}
	return all.Bytes()
}

func read(name string) []byte {
	b, err := source.ReadFile(name)
	if err != nil {
		panic(err) // embedded: a missing file is a wrong list above
	}
	return b
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	default:
		return "image/svg+xml"
	}
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = z.Write(b)                                       // a buffer does not fail
	_ = z.Close()
	return out.Bytes()
}
