package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/step"
)

// TestRun checks what a command that ends gives: its output, or an error that says what ended it.
func TestRun(t *testing.T) {
	long := strings.Repeat("a line\n", 3000)
	exit := func(code int, stdout, tail string) error {
		return &step.ExitError{Step: "build", Code: code, Stdout: stdout, Tail: tail}
	}
	tests := []struct {
		name string
		ran  command
		want error  // nil for success
		text string // of another error
	}{
		{"success", command{stdout: "out\n", stderr: "warning\n"}, nil, ""},
		{"failure", command{code: 101, stdout: "out\n", stderr: "error: x\n"}, exit(101, "out\n", "out\nerror: x\n"), ""},
		{"failure after much output", command{code: 1, stdout: long, stderr: "the end\n"}, exit(1, long, strings.Repeat("a line\n", 1170)+"the end\n"), ""},
		{"killed", command{code: 137}, exit(137, "", ""), ""},
		{"a secret in the output", command{code: 1, stdout: "Basic t0ken\n", stderr: "t0ken"}, exit(1, "Basic ***\n", "Basic ***\n***"), ""},
		{"too much output", command{stdout: strings.Repeat("x", 64<<10)}, &step.LimitError{Limit: "log", Used: "printed more than 64 KiB"}, ""},
		{"too much output of a failure", command{code: 1, stderr: strings.Repeat("x", 64<<10)}, &step.LimitError{Limit: "log", Used: "printed more than 64 KiB"}, ""},
		{"a limit", command{code: limitStatus, stderr: "compiling\n" + limitMark + "memory had more than 5 KiB in memory\n"}, &step.LimitError{Limit: "memory", Used: "had more than 5 KiB in memory"}, ""},
		{"a limit without the status", command{code: 1, stderr: limitMark + "memory x\n"}, exit(1, "", limitMark+"memory x\n"), ""},
		{"the status without a limit", command{code: limitStatus, stderr: limitMark + "memory x\nerror\n"}, exit(limitStatus, "", limitMark+"memory x\nerror\n"), ""},
		{"a missing output", command{code: missingStatus, stderr: missingMark + "/target/release/shim\n"}, nil, `running step "build": its command succeeded, but did not leave "/target/release/shim" (shim)`},
		{"a missing path that is no output", command{code: missingStatus, stderr: missingMark + "/other\n"}, exit(missingStatus, "", missingMark+"/other\n"), ""},
		{"a replaced output", command{code: kindStatus, stderr: kindMark + "/target\n"}, nil, `output "target" of step "build": "/target" is no`},
		{"a missing output without the status", command{code: 1, stderr: missingMark + "/target\n"}, exit(1, "", missingMark+"/target\n"), ""},
		{"a replaced output without the status", command{code: 1, stderr: kindMark + "/target\n"}, exit(1, "", kindMark+"/target\n"), ""},
		{"a replaced path that is no output", command{code: kindStatus, stderr: kindMark + "/other\n"}, exit(kindStatus, "", kindMark+"/other\n"), ""},
		{"the status of a missing output alone", command{code: missingStatus}, exit(missingStatus, "", ""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, e := newRunner(t, Options{Trees: trees, Secrets: step.Secrets{"registry": secret.New("t0ken")}, Limits: step.Limits{Time: time.Minute, Log: 64 << 10}})
			run(t, r, e, fetch)
			e.commands["cargo build --locked"] = tt.ran
			result, err := r.Run(t.Context(), build)
			switch {
			case tt.want == nil && tt.text == "":
				if err != nil || result.Stdout != tt.ran.stdout {
					t.Errorf("%q, %v", result.Stdout, err)
				}
			case tt.want == nil:
				if err == nil || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("the error is %v, want %s", err, tt.text)
				}
			case !as(err, tt.want):
				t.Errorf("the error is %#v, want %#v", err, tt.want)
			}
			if _, _, err := r.find("build", "target"); (err == nil) != (tt.want == nil && tt.text == "") {
				t.Errorf("its outputs: %v", err)
			}
		})
	}
}

// as reports whether err is or wraps an error of the same type and content as want.
func as(err, want error) bool {
	var exit *step.ExitError
	var limit *step.LimitError
	switch {
	case errors.As(err, &exit):
		return reflect.DeepEqual(want, error(exit))
	case errors.As(err, &limit):
		return reflect.DeepEqual(want, error(limit))
	}
	return false
}

// TestCached checks which results count as cached: those of a command that started before.
func TestCached(t *testing.T) {
	tests := []struct {
		name  string
		began string
		fresh bool
		want  bool
		err   string
	}{
		{name: "now"},
		{name: "an hour ago", began: fmt.Sprintf("%d\n", time.Now().Unix()-3600), want: true},
		{name: "ahead, by another clock", began: fmt.Sprint(time.Now().Unix() + 3600)},
		{name: "fresh, behind by another clock", began: fmt.Sprint(time.Now().Unix() - 3600), fresh: true},
		{name: "no time", began: "x", err: `running step "fetch": reading "/slipway-began": expected integer`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, e := newRunner(t, Options{Trees: trees})
			e.commands["cargo fetch"] = command{began: tt.began}
			s := fetch
			s.Fresh = tt.fresh
			result, err := r.Run(t.Context(), s)
			if result.Cached != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("cached: %t, want %t; error %v, want %q", result.Cached, tt.want, err, tt.err)
			}
		})
	}
}

// TestEnded checks that a step ends when its context does or its time is up, wherever it waits for
// the engine, and says why.
func TestEnded(t *testing.T) {
	stopped := errors.New("interrupted")
	opening, running := `opening image "`+rust+`": `, `running step "fetch": `
	for waiting, where := range map[string]string{"envVariables": opening, "name": opening, "exitCode": running, "stdout": running, "contents": running, "stderr": running} {
		for _, limit := range []time.Duration{time.Hour, 50 * time.Millisecond} {
			t.Run(fmt.Sprint(waiting, limit), func(t *testing.T) {
				noGoroutineLeft(t)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				r, e := newRunner(t, Options{Trees: trees, Limits: step.Limits{Time: limit, Log: 1 << 20}})
				e.commands["cargo fetch"] = command{code: 1}
				e.before = func(asked context.Context, of chain) error {
					if of[len(of)-1].name != waiting {
						return nil
					}
					if limit == time.Hour {
						cancel(stopped)
					}
					<-asked.Done()
					return asked.Err()
				}
				_, err := r.Run(ctx, fetch)
				var timed *step.LimitError
				if limit == time.Hour && !errors.Is(err, stopped) || limit < time.Hour && (!errors.As(err, &timed) || timed.Limit != "time") || !strings.HasPrefix(fmt.Sprint(err), where) {
					t.Errorf("the error is %v", err)
				}
			})
		}
	}
}

// TestEngineError checks that what an engine cannot do is an error that names the step, and not an
// exit status of its command.
func TestEngineError(t *testing.T) {
	for _, failing := range []string{"exitCode", "stdout", "contents", "stderr"} {
		r, e := newRunner(t, Options{Trees: trees})
		e.commands["cargo fetch"] = command{code: 1}
		e.before = func(_ context.Context, of chain) error {
			if of[len(of)-1].name == failing {
				return errors.New("disk full")
			}
			return nil
		}
		_, err := r.Run(t.Context(), fetch)
		var exit *step.ExitError
		if err == nil || errors.As(err, &exit) || !strings.HasPrefix(err.Error(), `running step "fetch": `) || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: the error is %v", failing, err)
		}
	}
}

// TestDefine checks that a defined step runs when something needs it, and that its failure is one
// of whatever does.
func TestDefine(t *testing.T) {
	r, e := newRunner(t, Options{Trees: trees})
	run(t, r, e, step.Step{Name: "image", Image: step.Image{Ref: rust}, Args: []string{"true"}, Dir: "/"}) // reads the image
	asked := len(e.asked)
	if err := r.Define(t.Context(), fetch); err != nil || len(e.asked) != asked {
		t.Fatalf("%v, asked for %v", err, e.asked[asked:])
	}
	if err := r.Define(t.Context(), build); err != nil || len(e.asked) != asked {
		t.Fatalf("%v, asked for %v", err, e.asked[asked:])
	}
	e.commands["cargo build --locked"] = command{code: 3, files: map[string]string{"/target/release/shim": "ELF"}}
	err := r.Export(t.Context(), "build", "shim", t.TempDir()+"/shim")
	if err == nil || !strings.Contains(err.Error(), "exit code: 3") {
		t.Errorf("the error is %v", err)
	}
}

// records is a log that keeps what it is told.
type records []string

func (l *records) Begin(s step.Step)          { *l = append(*l, "begin "+s.Name) }
func (l *records) Line(s step.Step, _ string) { *l = append(*l, "line of "+s.Name) }
func (l *records) End(s step.Step, r step.Result, err error) {
	*l = append(*l, fmt.Sprintf("end %s cached: %t, took time: %t, failed: %t", s.Name, r.Cached, r.Duration > 0, err != nil))
}

// TestLog checks that each step begins and ends in the log.
func TestLog(t *testing.T) {
	log := &records{}
	r, e := newRunner(t, Options{Trees: trees, Log: log})
	e.commands["cargo fetch"] = command{began: "1"}
	e.commands["cargo build --locked"] = command{code: 1}
	run(t, r, e, fetch)
	if _, err := r.Run(t.Context(), build); err == nil {
		t.Error("no error")
	}
	want := records{"begin fetch", "end fetch cached: true, took time: true, failed: false", "begin build", "end build cached: false, took time: true, failed: true"}
	if !slices.Equal(*log, want) {
		t.Errorf("the log is %q, want %q", *log, want)
	}
}

func TestTail(t *testing.T) {
	const limit = 8 << 10
	wide := strings.Repeat("x", limit+1)
	for _, tt := range []struct{ name, output, want string }{
		{"empty", "", ""},
		{"short", "a\nb", "a\nb"},
		{"as long as the limit", strings.Repeat("x", limit), strings.Repeat("x", limit)},
		{"longer", "first\n" + strings.Repeat("x", limit-10) + "\nlast\n", strings.Repeat("x", limit-10) + "\nlast\n"},
		{"whole lines", strings.Repeat("123456\n", 2000), strings.Repeat("123456\n", limit/7)},
		{"one wide line", wide, wide[1:]},
		{"one wide line that ends", wide + "\n", wide[2:] + "\n"},
		{"one wide line and another", wide + "\nlast\n", "last\n"},
	} {
		if got := tail(tt.output); got != tt.want {
			t.Errorf("%s: %d bytes %.20q…, want %d bytes %.20q…", tt.name, len(got), got, len(tt.want), tt.want)
		}
	}
}
