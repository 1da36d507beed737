package console

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// TestWriter checks that lines are written whole and escaped, however they are split into
// writes.
func TestWriter(t *testing.T) {
	const in = "a ⚠️ b\n::add-mask::x\n\x1b]52;c;eA==\a\n##[group]g\nlast"
	const want = "a ⚠️ b\n" + `\x3a:add-mask::x` + "\n" + `\x1b]52;c;eA==\a` + "\n" + `#\x23[group]g` + "\nlast"
	for size := 1; size <= len(in); size++ {
		var b bytes.Buffer
		w := NewWriter(&b)
		for part := range strings.SplitSeq(in, "") { // one character at a time, split into pieces of size bytes
			for len(part) > 0 {
				n := min(size, len(part))
				if got, err := w.Write([]byte(part[:n])); got != n || err != nil {
					t.Fatalf("Write = %d, %v", got, err)
				}
				part = part[n:]
			}
		}
		if err := w.Flush(); err != nil || b.String() != want {
			t.Fatalf("in parts of %d: %q, %v, want %q", size, b.String(), err, want)
		}
	}
	var bytewise bytes.Buffer
	w := NewWriter(&bytewise)
	for i := range len(in) {
		_, _ = w.Write([]byte{in[i]})
	}
	_ = w.Flush()
	if bytewise.String() != want {
		t.Errorf("byte by byte: %q", bytewise.String())
	}
}

// TestWriterAtOnce checks that concurrent writes do not mix within a line.
func TestWriterAtOnce(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				Fprintf(w, "%s | %s\n", "step", Lines(Line("::error::x")))
			}
		})
	}
	all.Wait()
	if got := strings.Count(b.String(), "step | "+`\x3a:error::x`+"\n"); got != 1600 || strings.Count(b.String(), "\n") != 1600 {
		t.Errorf("%d whole lines of %d", got, strings.Count(b.String(), "\n"))
	}
}

// TestStatus checks that a status appears on terminals only, truncated to their width and
// escaped, and is gone before the next line.
func TestStatus(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.Status("working")
	if b.Len() > 0 || w.Terminal() {
		t.Errorf("no terminal shows %q", b.String())
	}
	w.width = 10
	w.Status("build \x1b[2J\r::group::")
	w.Status("b")
	Fprintf(w, "done\n")
	w.Status("c")
	w.EndStatus()
	w.EndStatus()
	if got, want := b.String(), `build \x1`+"\r\x1b[Kb\r\x1b[Kdone\nc\r\x1b[K"; got != want {
		t.Errorf("the terminal gets %q, want %q", got, want)
	}
}
