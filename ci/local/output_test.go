package local

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTailBuffer(t *testing.T) {
	b := &tailBuffer{limit: 20}
	for i := range 100 {
		_, _ = fmt.Fprintf(b, "line %d\n", i)
	}
	if got := b.String(); got != "line 98\nline 99" {
		t.Errorf("tail %q, want whole lines of the end", got)
	}
	long := &tailBuffer{limit: 10}
	_, _ = long.Write([]byte(strings.Repeat("x", 30)))
	if got := long.String(); got != strings.Repeat("x", 10) {
		t.Errorf("tail of one long line %q", got)
	}
	_, _ = long.Write([]byte("\n"))
	if got := long.String(); got != strings.Repeat("x", 9) {
		t.Errorf("tail of one long line that has ended %q", got)
	}
	_, _ = long.Write([]byte("end\n"))
	if got := long.String(); got != "end" {
		t.Errorf("tail of a line behind a long one %q", got)
	}
}

func TestLineWriter(t *testing.T) {
	var got []string
	w := &lineWriter{emit: func(line string) { got = append(got, line) }}
	for _, part := range []string{"a", "b\nc\r\n", "\n", "d"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	w.flush()
	w.flush()
	if want := []string{"ab", "c", "", "d"}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}

// TestLineWriterLong checks that an endless line is split at the limit and nothing is lost.
func TestLineWriterLong(t *testing.T) {
	var got []string
	w := &lineWriter{emit: func(line string) { got = append(got, line) }}
	in := strings.Repeat("0123456789", maxLine/5)
	for part := range slices.Chunk([]byte(in), 1000) {
		_, _ = w.Write(part)
		if len(w.buf) > maxLine {
			t.Fatalf("%d bytes are held back", len(w.buf))
		}
	}
	w.flush()
	if s := strings.Join(got, ""); s != in {
		t.Errorf("%d of %d bytes in %d lines", len(s), len(in), len(got))
	}
}

func TestLimited(t *testing.T) {
	var b bytes.Buffer
	l := &limited{w: &b, left: 5}
	for range 3 {
		if n, err := l.Write([]byte("abc")); n != 3 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if b.String() != "abcab" {
		t.Errorf("passed on %q", b.String())
	}
}

// TestLineWriterReturns checks that text before a carriage return is emitted as a line, however
// it is split into writes.
func TestLineWriterReturns(t *testing.T) {
	const in = "10%\r20%\rfailed\rok\r\n\r\nend\r\r\nlast\r"
	want := []string{"10%", "20%", "failed", "ok", "", "end", "", "last"}
	for size := 1; size <= len(in); size++ {
		var got []string
		w := &lineWriter{emit: func(line string) { got = append(got, line) }}
		for part := range slices.Chunk([]byte(in), size) {
			_, _ = w.Write(part)
		}
		w.flush()
		if !slices.Equal(got, want) {
			t.Errorf("in parts of %d: lines %q, want %q", size, got, want)
		}
	}
}
