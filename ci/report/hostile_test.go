package report

import (
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/publish"
)

// evil is a value with markup and control characters for every output format.
const evil = "x|\n::add-mask::y\n##[group]z\n\n# Released\n<img src=https://x.io/a.png>[a](https://x.io)`b`\n```\n</details>\x1b]0;t\a\u202e\u009b2J\r\"]\n"

// poison sets every string in a value to evil, including those in lists and behind pointers.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(evil)
	case reflect.Pointer:
		poison(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range v.Len() {
				if e := v.Index(i); e.Kind() == reflect.Pointer {
					e.Set(reflect.New(e.Type().Elem()))
				}
			}
		}
		for i := range v.Len() {
			poison(v.Index(i))
		}
	}
}

// blank sets every string in a value to a plain letter.
func blank(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Pointer:
		blank(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				blank(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			blank(v.Index(i))
		}
	}
}

// TestHostileValues puts hostile text into every field of a report. It checks that the
// output has as many lines as with plain text, that none contains markup, and that the JSON
// prints unchanged.
func TestHostileValues(t *testing.T) {
	for _, s := range []*Report{{DryRun: true}, {Published: true}, {Staged: true}, {}} {
		name := fmt.Sprintf("dry run %t, published %t, staged %t", s.DryRun, s.Published, s.Staged)
		poison(reflect.ValueOf(s))
		text, markdown := s.Text("dist"), s.Markdown()
		raw, err := s.JSON()
		if err != nil || console.Clean(string(raw)) != string(raw) {
			t.Errorf("%s: %v: the JSON is not plain", name, err)
		}
		blank(reflect.ValueOf(s))
		wantLines(t, name+" as text", text, s.Text("dist"), 0)
		// The error is in a code block of its own lines.
		blocks := strings.Count(markdown, "\n````text\n")
		wantPlainText(t, name, markdown)
		wantLines(t, name+" as Markdown", markdown, s.Markdown(), blocks*(strings.Count(strings.ReplaceAll(evil, "\r", "\n"), "\n")-1))
	}
}

func wantLines(t *testing.T, name, got, plain string, more int) {
	t.Helper()
	if console.Clean(got) != got || strings.ContainsAny(got, "\x1b\r\a") {
		t.Errorf("%s has something that is not plain:\n%q", name, got)
	}
	if got, want := strings.Count(got, "\n"), strings.Count(plain, "\n")+more; got != want {
		t.Errorf("%s has %d lines, expected %d", name, got, want)
	}
}

// wantPlainText renders the Markdown with the parser that GitHub's is based on, and checks that all
// hostile text is still plain text.
func wantPlainText(t *testing.T, name, markdown string) {
	t.Helper()
	if _, err := exec.LookPath("cmark-gfm"); err != nil {
		t.Logf("SKIPPED: no renderer to ask: %v: install cmark-gfm", err)
		return
	}
	cmd := exec.Command("cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough")
	cmd.Stdin = strings.NewReader(markdown)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"<img", "<a ", "<h1", "<del"} {
		if i := strings.Index(string(out), tag); i >= 0 {
			t.Errorf("%s: the summary has %s:\n%.300s", name, tag, out[max(0, i-100):])
		}
	}
	if open, shut := strings.Count(string(out), "<details>"), strings.Count(string(out), "\n</details>"); open != shut || open == 0 {
		t.Errorf("%s: %d details are opened, %d closed", name, open, shut)
	}
}

// TestHostileStatus checks that an effect's description cannot forge lines of the status.
func TestHostileStatus(t *testing.T) {
	s := &Report{
		Crates:   []*Crate{{Name: evil, Tag: evil, State: Incomplete}, {Name: "b", Tag: evil, State: NotBegun}},
		Outcomes: []publish.Outcome{{Kind: "asset", Crate: evil, About: "upload a\n  done        make tag", State: publish.NotBegun}},
	}
	text := s.Status("slipway x")
	if strings.Contains(text, "\n  done") || strings.Count(text, "\n") != 8 || console.Clean(text) != text {
		t.Errorf("%d lines:\n%s", strings.Count(text, "\n"), text)
	}
}
