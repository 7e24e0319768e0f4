package seal

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A stream is sealed in chunks, so that memory stays flat and no byte is handed
// out before its chunk was checked. Each chunk is bound to its number and to
// whether it is the last: chunks cannot be swapped, dropped or added.
const (
	streamVersion = 1
	chunkSize     = 64 << 10
	tagSize       = 16
	prefixSize    = 7 // of the nonce, random for each stream; number and last-mark follow
)

// Writer seals what is written to it into out. Close writes the last chunk; a
// stream without one does not open.
func (k *Key) Writer(out io.Writer, aad ...string) (io.WriteCloser, error) {
	head := make([]byte, 1+prefixSize)
	head[0] = streamVersion
	if _, err := rand.Read(head[1:]); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	if _, err := out.Write(head); err != nil {
		return nil, err
	}
	return &streamWriter{chunks: k.chunks(head[1:], aad), out: out, buf: make([]byte, 0, chunkSize)}, nil
}

// Reader opens a stream that Writer sealed. It returns ErrOpen as soon as a chunk
// is not as it was, also when the end is missing.
func (k *Key) Reader(in io.Reader, aad ...string) (io.Reader, error) {
	head := make([]byte, 1+prefixSize)
	if _, err := io.ReadFull(in, head); err != nil || head[0] != streamVersion {
		return nil, ErrOpen
	}
	return &streamReader{chunks: k.chunks(head[1:], aad), in: bufio.NewReaderSize(in, chunkSize+tagSize)}, nil
}

// HeadSize is how many bytes a sealed stream begins with before its first chunk.
const HeadSize = 1 + prefixSize

// SealedAt tells in which chunk the plain byte at offset lies, where that chunk
// begins among the sealed bytes, and how many plain bytes of it come before.
func SealedAt(offset int64) (chunk uint32, sealed, before int64) {
	n := offset / chunkSize
	return uint32(n), HeadSize + n*(chunkSize+tagSize), offset % chunkSize // next refuses a stream of more chunks than fit
}

// ReaderAt is Reader for a stream whose head is given and whose in begins at a chunk
// that SealedAt named. Each chunk is checked as Reader does; what lies before is not read.
func (k *Key) ReaderAt(head []byte, chunk uint32, in io.Reader, aad ...string) (io.Reader, error) {
	if len(head) != HeadSize || head[0] != streamVersion {
		return nil, ErrOpen
	}
	r := &streamReader{chunks: k.chunks(head[1:], aad), in: bufio.NewReaderSize(in, chunkSize+tagSize)}
	r.n = chunk
	return r, nil
}

type chunks struct {
	key   *Key
	nonce [12]byte
	aad   []byte
	n     uint32
}

func (k *Key) chunks(prefix []byte, aad []string) chunks {
	c := chunks{key: k, aad: bind("stream "+strconv.Itoa(streamVersion), aad)}
	copy(c.nonce[:], prefix)
	return c
}

// next is the nonce of the following chunk.
func (c *chunks) next(last bool) ([]byte, error) {
	if c.n == 1<<32-1 {
		return nil, errors.New("stream is too long to seal")
	}
	binary.BigEndian.PutUint32(c.nonce[prefixSize:], c.n)
	c.nonce[11] = 0
	if last {
		c.nonce[11] = 1
	}
	c.n++
	return c.nonce[:], nil
}

type streamWriter struct {
	chunks
	out io.Writer
	buf []byte
	err error
}

func (w *streamWriter) Write(p []byte) (int, error) {
	done := 0
	for len(p) > 0 {
		if w.err != nil {
			return done, w.err
		}
		// A full chunk goes out only when more follows: the last one must be known.
		if len(w.buf) == chunkSize {
			w.flush(false)
			continue
		}
		n := min(len(p), chunkSize-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		p, done = p[n:], done+n
	}
	return done, w.err
}

func (w *streamWriter) flush(last bool) {
	nonce, err := w.next(last)
	if err == nil {
		_, err = w.out.Write(w.key.aead.Seal(nil, nonce, w.buf, w.aad))
	}
	w.buf, w.err = w.buf[:0], err
}

var errClosed = errors.New("sealed stream is closed")

func (w *streamWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	w.flush(true)
	err := w.err
	if w.err == nil {
		w.err = errClosed
	}
	return err
}

type streamReader struct {
	chunks
	in   *bufio.Reader
	rest []byte
	end  bool
	err  error
}

func (r *streamReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		switch {
		case r.err != nil:
			return 0, r.err
		case r.end:
			return 0, io.EOF
		}
		r.open()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// open reads one chunk; what follows the last one makes it not the last.
func (r *streamReader) open() {
	sealed := make([]byte, chunkSize+r.key.aead.Overhead())
	n, err := io.ReadFull(r.in, sealed)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.err = ErrOpen
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		return
	}
	_, err = r.in.Peek(1)
	r.end = errors.Is(err, io.EOF)
	nonce, err := r.next(r.end)
	if err == nil {
		r.rest, err = r.key.aead.Open(nil, nonce, sealed[:n], r.aad)
	}
	if err != nil {
		r.err = ErrOpen
	}
}
