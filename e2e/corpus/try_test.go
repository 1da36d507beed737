package main

import (
	"errors"
	"strings"
	"testing"
)

func TestContradicts(t *testing.T) {
	harmless := []found{{Stops: "nothing", What: "no notes"}, {Stops: "release", What: "another channel"}}
	if got := contradicts(harmless); got != "" {
		t.Errorf("%q, expected nothing: no finding speaks of the registry", got)
	}
	if got := contradicts(append(harmless, found{Stops: "registry", What: "no description"})); !strings.HasSuffix(got, "would not: no description") {
		t.Errorf("%q, expected it to say which finding", got)
	}
}

func TestLastWords(t *testing.T) {
	fault := errors.New("exit status 1")
	if got := lastWords("build | slipway: no\nslipway: checking crate:\n  a\n  b\n", fault); got != "checking crate:\n  a\n  b" {
		t.Errorf("got %q", got)
	}
	if got := lastWords("killed", fault); got != "slipway ended without a message: exit status 1" {
		t.Errorf("got %q", got)
	}
	if got := clean("reading \"/tmp/x/source/a\":\n  no", "/tmp/x"); got != `reading "…/source/a": no` {
		t.Errorf("got %q", got)
	}
}
