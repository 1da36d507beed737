package local

import (
	"bytes"
	"io"
	"os/exec"
	"sync"
	"sync/atomic"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/step"
)

// maxStdout is how many bytes of a step's standard output are kept as its result.
const maxStdout = 64 << 20

// printed collects what a step prints.
type printed struct {
	stdout bytes.Buffer
	tail   *tailBuffer
	lines  *lineWriter
}

// connect redirects a command's output. end is called if it exceeds the limit.
func (r *Runner) connect(s step.Step, cmd *exec.Cmd, end func(error)) *printed {
	out := &printed{tail: &tailBuffer{limit: 8 << 10}}
	out.lines = &lineWriter{emit: func(line string) { r.opts.Log.Line(s, r.opts.Secrets.Hide(line)) }}
	left := &atomic.Int64{}
	left.Store(r.limits.Log)
	count := func(w io.Writer) io.Writer {
		return &counted{w, left, func() {
			end(&step.LimitError{Limit: "log", Used: "printed more than " + humanize.IBytes(uint64(r.limits.Log))})
		}}
	}
	cmd.Stdout = count(io.MultiWriter(&limited{w: &out.stdout, left: maxStdout}, out.tail, out.lines))
	if s.Quiet {
		cmd.Stdout = count(&limited{w: &out.stdout, left: maxStdout})
	}
	cmd.Stderr = count(io.MultiWriter(out.tail, out.lines))
	if s.Merged {
		cmd.Stderr = cmd.Stdout // with the same writer, exec uses one pipe, which keeps the order
	}
	return out
}

// limited passes on the first left bytes and discards the rest.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if _, err := l.w.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// tailBuffer keeps the last limit bytes, starting with a whole line unless the last line is too
// long. It is safe for concurrent use.
type tailBuffer struct {
	mu    sync.Mutex
	limit int
	buf   []byte
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.limit; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
		if i := bytes.IndexByte(t.buf, '\n'); i >= 0 && i+1 < len(t.buf) {
			t.buf = append(t.buf[:0], t.buf[i+1:]...)
		}
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimRight(t.buf, "\n"))
}

// lineWriter calls emit for each line. A carriage return also ends a line, so that text which a
// program overwrites is not lost. It is safe for concurrent use, and a line in a single write is
// never split by another write.
type lineWriter struct {
	mu   sync.Mutex
	buf  []byte
	emit func(string)
}

// maxLine is how many bytes are buffered while waiting for the end of a line.
const maxLine = 64 << 10

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	for {
		end := lineEnd(l.buf)
		if end == 0 && len(l.buf) < maxLine {
			return len(p), nil
		}
		if end == 0 {
			end = len(l.buf)
		}
		l.emit(string(bytes.TrimRight(l.buf[:end], "\r\n")))
		l.buf = append(l.buf[:0], l.buf[end:]...)
	}
}

// lineEnd returns the index after the first line of b and its carriage return, newline or both; 0
// if the line is not complete yet.
func lineEnd(b []byte) int {
	i := bytes.IndexAny(b, "\r\n")
	switch {
	case i < 0, b[i] == '\r' && i+1 == len(b): // a newline may follow
		return 0
	case b[i] == '\r' && b[i+1] == '\n':
		return i + 2
	}
	return i + 1
}

func (l *lineWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) > 0 {
		l.emit(string(bytes.TrimRight(l.buf, "\r")))
		l.buf = nil
	}
}
