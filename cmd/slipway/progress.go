package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/step"
)

// progress shows what is running: every line of output, prefixed with the step's name, and a
// sign of life for silent steps. On a terminal that is a status line, elsewhere a message from
// time to time.
type progress struct {
	mu      sync.Mutex
	w       *console.Writer
	running []*running
	ticks   int
	stop    chan struct{}
	stopped sync.WaitGroup
}

type running struct {
	name  string
	begin time.Time
	said  time.Time // when a line about it was last printed
}

const (
	redraw = 200 * time.Millisecond
	// silence is how long a step may be silent before a log without a terminal shows that it is
	// still running.
	silence = 20 * time.Second
)

func newProgress(w *console.Writer) *progress {
	p := &progress{w: w, stop: make(chan struct{})}
	p.stopped.Go(p.live)
	return p
}

// live updates the display until close.
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
		if p.w.Terminal() {
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

// status draws the terminal's status line.
func (p *progress) status() {
	if len(p.running) == 0 {
		return
	}
	var parts []string
	for _, r := range p.running {
		parts = append(parts, fmt.Sprintf("%s %s", r.name, since(r.begin)))
	}
	p.w.Status(string(`-\|/`[p.ticks%4]) + " " + strings.Join(parts, "  "))
}

func (p *progress) print(format string, args ...any) { console.Fprintf(p.w, format+"\n", args...) }

// note prints a line that belongs to no step.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(format, args...)
}

// Begin prints nothing, because a cached step ends at once.
func (p *progress) Begin(s step.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.running = append(p.running, &running{s.Name, now, now})
}

// End prints how a step ended.
func (p *progress) End(s step.Step, r step.Result, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = slices.DeleteFunc(p.running, func(r *running) bool { return r.name == s.Name })
	switch {
	case err != nil:
		p.print("%s: failed after %s", s.Name, r.Duration.Round(10*time.Millisecond))
	case r.Cached:
		p.print("%s: already done, on the same inputs", s.Name)
	default:
		p.print("%s: done in %s", s.Name, r.Duration.Round(10*time.Millisecond))
	}
}

// Line prints a line of a step's output. The line is untrusted.
func (p *progress) Line(s step.Step, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.running {
		if r.name == s.Name {
			r.said = time.Now()
		}
	}
	p.print("%s | %s", s.Name, console.Lines(console.Line(line)))
}

// close ends the display.
func (p *progress) close() error {
	close(p.stop)
	p.stopped.Wait()
	p.w.EndStatus()
	return nil
}

func since(t time.Time) string { return time.Since(t).Round(time.Second).String() }
