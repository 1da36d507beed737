package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"dagger/slipway/ci/step"
)

// progress shows people what runs: every line of every step, marked with its
// step, and that a silent step lives: on a terminal by a line that is written
// over, elsewhere by a line now and then.
type progress struct {
	mu      sync.Mutex
	w       io.Writer
	width   int // of the terminal, 0 elsewhere
	running []*running
	ticks   int
	stop    chan struct{}
	stopped sync.WaitGroup
}

type running struct {
	name  string
	begin time.Time
	said  time.Time // when something was last printed of it
}

const (
	redraw = 200 * time.Millisecond
	// silence is how long a step may say nothing before a plain log says that it lives.
	silence = 20 * time.Second
)

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, stop: make(chan struct{})}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			p.width = width
		}
	}
	p.stopped.Go(p.live)
	return p
}

// live shows life until close.
func (p *progress) live() {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
		}
		p.mu.Lock()
		p.ticks++
		if p.width > 0 {
			p.status()
		} else {
			p.stillRunning()
		}
		p.mu.Unlock()
	}
}

func (p *progress) stillRunning() {
	for _, r := range p.running {
		if time.Since(r.said) > silence {
			r.said = time.Now()
			p.print("%s: still running, %s", r.name, since(r.begin))
		}
	}
}

// status writes the terminal's last line.
func (p *progress) status() {
	if len(p.running) == 0 {
		return
	}
	var parts []string
	for _, r := range p.running {
		parts = append(parts, fmt.Sprintf("%s %s", r.name, since(r.begin)))
	}
	line := string(`-\|/`[p.ticks%4]) + " " + strings.Join(parts, "  ")
	if runes := []rune(line); len(runes) > p.width-1 {
		line = string(runes[:p.width-1])
	}
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s", line)
}

func (p *progress) print(format string, args ...any) {
	if p.width > 0 {
		_, _ = io.WriteString(p.w, "\r\x1b[K")
	}
	_, _ = fmt.Fprintf(p.w, format+"\n", args...)
}

// note prints a line that belongs to no step.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(format, args...)
}

// Begin prints nothing: a cached step ends at once.
func (p *progress) Begin(s step.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.running = append(p.running, &running{s.Name, now, now})
}

// End says how a step ended.
func (p *progress) End(s step.Step, r step.Result, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = slices.DeleteFunc(p.running, func(r *running) bool { return r.name == s.Name })
	switch {
	case err != nil:
		p.print("%s: failed after %s", s.Name, r.Duration.Round(10*time.Millisecond))
	case r.Cached:
		p.print("%s: done before, on the same inputs", s.Name)
	default:
		p.print("%s: done in %s", s.Name, r.Duration.Round(10*time.Millisecond))
	}
}

// Line prints a line of a step's output. Control characters of a stranger's
// program do not reach the terminal, nor what GitHub's runner obeys anywhere in
// a line its log.
func (p *progress) Line(s step.Step, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.running {
		if r.name == s.Name {
			r.said = time.Now()
		}
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, line)
	p.print("%s | %s", s.Name, strings.ReplaceAll(clean, "##[", "# #["))
}

// close ends the live display.
func (p *progress) close() error {
	close(p.stop)
	p.stopped.Wait()
	if p.width > 0 {
		_, _ = io.WriteString(p.w, "\r\x1b[K")
	}
	return nil
}

func since(t time.Time) string { return time.Since(t).Round(time.Second).String() }
