package console

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"
)

// TestTakeOver checks that what libraries print is escaped too, and is complete when it
// ends.
func TestTakeOver(t *testing.T) {
	var out, err bytes.Buffer
	was := os.Stderr
	end, failed := takeOver(NewWriter(&out), NewWriter(&err))
	if failed != nil {
		t.Fatal(failed)
	}
	for range 1000 {
		fmt.Fprintln(os.Stdout, "::add-mask::x")
		fmt.Fprintln(os.Stderr, "\x1b[2J##[group]x")
	}
	log.Print("a\n::error::b\x1b]0;t\a")
	fmt.Fprint(os.Stderr, "::debug::the end")
	if failed := end(); failed != nil {
		t.Fatal(failed)
	}
	if got := strings.Count(out.String(), `\x3a:add-mask::x`+"\n"); got != 1000 {
		t.Errorf("%d lines of 1000 on stdout", got)
	}
	if got := strings.Count(err.String(), `\x1b[2J#\x23[group]x`+"\n"); got != 1000 {
		t.Errorf("%d lines of 1000 on stderr", got)
	}
	for _, want := range []string{" a\n" + `\x3a:error::b\x1b]0;t\a` + "\n", "\n" + `\x3a:debug::the end`} {
		if !strings.Contains(err.String(), want) {
			t.Errorf("stderr does not show %q", want)
		}
	}
	if what := harmful(out.String() + err.String()); what != "" || os.Stderr != was {
		t.Errorf("stderr has %s, or stays taken over", what)
	}
}
