package blob

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/docketry/docketry/internal/clock"
)

// Memory is a bucket that forgets when the process ends. It serves tests; it holds
// to the same promises as a folder.
type Memory struct {
	clock clock.Clock

	mu      sync.Mutex
	objects map[string]stored
	full    error
}

type stored struct {
	Object
	bytes []byte
}

// NewMemory is an empty one.
func NewMemory(c clock.Clock) *Memory { return &Memory{clock: c, objects: map[string]stored{}} }

// Fail makes every Put end with err once bytes have been written; nil heals it.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = err
}

// Spoil changes the bytes of an object, as a failing disk or an intruder might.
func (m *Memory) Spoil(name string, change func([]byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[name]
	o.bytes = change(bytes.Clone(o.bytes))
	m.objects[name] = o
}

// Names lists what is there, sorted.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.objects))
}

// Put is Bucket's.
func (m *Memory) Put(_ context.Context, name string, write func(io.Writer) error) error {
	var buf bytes.Buffer
	if err := write(&buf); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full != nil {
		return m.full
	}
	m.objects[name] = stored{Object{name, m.clock.Now()}, buf.Bytes()}
	return nil
}

// Get is Bucket's.
func (m *Memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[name]
	if !ok {
		return nil, ErrGone
	}
	return io.NopCloser(bytes.NewReader(o.bytes)), nil
}

// GetFrom is Bucket's.
func (m *Memory) GetFrom(_ context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[name]
	if !ok {
		return nil, ErrGone
	}
	b := o.bytes[min(offset, int64(len(o.bytes))):]
	if length >= 0 {
		b = b[:min(length, int64(len(b)))]
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// Delete is Bucket's.
func (m *Memory) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[name]; !ok {
		return ErrGone
	}
	delete(m.objects, name)
	return nil
}

// Walk is Bucket's.
func (m *Memory) Walk(_ context.Context, prefix string, fn func(Object) error) error {
	for _, name := range m.Names() {
		m.mu.Lock()
		o, ok := m.objects[name]
		m.mu.Unlock()
		if !ok || !strings.HasPrefix(name, prefix) {
			continue
		}
		if err := fn(o.Object); err != nil {
			return err
		}
	}
	return nil
}
