package console

import (
	"bytes"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// Stdout and Stderr write to this process's standard output and standard error. Nothing
// else in slipway does.
var (
	Stdout = NewWriter(os.Stdout)
	Stderr = NewWriter(os.Stderr)
)

// Writer writes whole lines, each escaped by [Clean]. It is safe for concurrent use.
type Writer struct {
	mu     sync.Mutex
	w      io.Writer
	width  int    // of the terminal, 0 if it is not one
	line   []byte // an incomplete line
	status bool   // the terminal's last line is a status
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			out.width = width
		}
	}
	return out
}

// Write writes the lines that end in p and keeps the rest.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		w.line = append(w.line, p...)
		return len(p), nil
	}
	text := string(w.line) + string(p[:end])
	w.line = append(w.line[:0], p[end:]...)
	if err := w.pass(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes an incomplete line.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := string(w.line)
	w.line = nil
	return w.pass(text)
}

func (w *Writer) pass(text string) error {
	w.clear()
	_, err := io.WriteString(w.w, Clean(text))
	return err
}

// Terminal reports whether the writer writes to a terminal.
func (w *Writer) Terminal() bool { return w.width > 0 }

// Status shows text on the terminal's last line until something else is written. It does
// nothing if there is no terminal.
func (w *Writer) Status(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.width == 0 {
		return
	}
	shown := []rune(Inline(text))
	w.clear()
	_, _ = io.WriteString(w.w, string(shown[:min(len(shown), w.width-1)]))
	w.status = true
}

// EndStatus removes the status.
func (w *Writer) EndStatus() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
}

// clear erases the terminal's last line if it is a status.
func (w *Writer) clear() {
	if w.status {
		_, _ = io.WriteString(w.w, "\r\x1b[K")
		w.status = false
	}
}
