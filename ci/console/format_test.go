package console

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"
)

type word string

func (w word) String() string { return "<" + string(w) + ">" }

type kind string

// TestSprintf checks that no argument adds a line, whatever its type.
func TestSprintf(t *testing.T) {
	const evil = "x\n  good  y\x1b[2K"
	tests := []struct{ got, want string }{
		{Sprintf("  %s\n", evil), "  " + `x\n  good  y\x1b[2K` + "\n"},
		{Sprintf("%v|", errors.New(evil)), `x\n  good  y\x1b[2K|`},
		{Sprintf("%s|", word(evil)), `<x\n  good  y\x1b[2K>|`},
		{Sprintf("%s|", kind(evil)), `x\n  good  y\x1b[2K|`},
		{Sprintf("%v|", []string{"a", evil}), `[a x\n  good  y\x1b[2K]|`},
		{Sprintf("%v|", struct{ A string }{evil}), `{x\n  good  y\x1b[2K}|`},
		{Sprintf("%q", "a\nb"), `"a\nb"`},
		{Sprintf("%-5s|%5s|%.1f|%03d|%t|%%", "a", "b", 1.25, 7, true), "a    |    b|1.2|007|true|%"},
		{Sprintf("%s", 1500*time.Millisecond), "1.5s"},
		{Sprintf("%s:%s", "", ":error::x"), `\x3a:error::x`},
		{Sprintf("%s##[x]", "a"), `a#\x23[x]`},
		{Sprintf("%s%s", "##", "[debug]x"), `#\x23[debug]x`},
		{Sprintf("%s", "  ::debug::x"), `  \x3a:debug::x`},
		{Sprintf("a\n%s", "::debug::x"), "a\n" + `\x3a:debug::x`},
		{Sprintf("%s", Lines("a\n\tb")), "a\n\tb"},
		{Sprintf("%s", List("  ", []string{"a", evil})), "  a\n  " + `x\n  good  y\x1b[2K`},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

// TestErrorText checks that only lines of joined errors and of Errorf's format are left
// unmarked.
func TestErrorText(t *testing.T) {
	foreign := errors.New("404\nGood: all of it was signed\r\n::error::x")
	shown := "404\n  | Good: all of it was signed\n  | " + `\x3a:error::x`
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"one line", errors.New("reading \"a\": no"), `reading "a": no`},
		{"foreign", foreign, shown},
		{"wrapped", fmt.Errorf("asking %q: %w: try again", "a\nb", foreign), `asking "a\nb": ` + shown + ": try again"},
		{"foreign around it", fmt.Errorf("a\nb %w", errors.New("c")), "a\n  | b c"},
		{"joined", errors.Join(errors.New("one"), nil, foreign), "one\n" + shown},
		{"joined and wrapped", fmt.Errorf("checking: %w", errors.Join(errors.New("one"), errors.New("two"))), "checking: one\ntwo"},
		{"two wrapped", fmt.Errorf("%w (%w); fetch it", fs.ErrNotExist, foreign), "file does not exist (" + shown + "); fetch it"},
		{"ours", Errorf("%w\nsaid %s\nrun again", foreign, "a\nb"), shown + "\nsaid " + `a\nb` + "\nrun again"},
		{"ours, wrapped", fmt.Errorf("releasing: %w", Errorf("a\nb")), "releasing: a\nb"},
		{"ours in ours", Errorf("%w\nc", Errorf("a:\n%w", errors.Join(errors.New("b"), foreign))), "a:\nb\n" + shown + "\nc"},
		{"a text of ours", Errorf("bad:\n%s", Lines("  bad  x\n")), "bad:\n  bad  x\n"},
		{"what it wraps said before by another", fmt.Errorf("x\ny: x\ny%w", Errorf("x\ny")), "x\ny: x\n  | yx\n  | y"},
		{"none", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ErrorText(tt.err); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if what := harmful(ErrorText(tt.err)); what != "" {
				t.Errorf("it has %s", what)
			}
		})
	}
	if got := ErrorLine(errors.Join(errors.New("a"), foreign)); got != `a; 404; Good: all of it was signed; \x3a:error::x` {
		t.Errorf("in one line it is %q", got)
	}
	if err := Errorf("a: %w", fs.ErrNotExist); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what it wraps is lost")
	}
}

func TestForPeople(t *testing.T) {
	do := func(err error) (failed error) {
		defer ForPeople(&failed)
		return err
	}
	if err := do(nil); err != nil {
		t.Errorf("no error becomes %v", err)
	}
	err := do(fmt.Errorf("a\n::debug::x: %w", fs.ErrNotExist))
	if want := "a\n  | " + `\x3a:debug::x: file does not exist`; err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %q, want %q", err.Error(), want)
	}
	if again := do(err); again != err {
		t.Errorf("it is rendered twice: %q", again.Error())
	}
}
