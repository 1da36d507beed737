package githubd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGithubdOptions checks that invalid options are reported by Start.
func TestGithubdOptions(t *testing.T) {
	w := newWorld(t)
	good := Options{Dir: t.TempDir(), Git: w.bare, Owner: owner, Repo: repo}
	for text, change := range map[string]func(*Options){
		"expected Dir and Git":                func(o *Options) { o.Dir = "" },
		"expected Owner and Repo":             func(o *Options) { o.Repo = "" },
		"is a part of the API's paths":        func(o *Options) { o.Owner = "repos" },
		"reading the default branch":          func(o *Options) { o.Git = t.TempDir() },
		"a repository without an update hook": func(*Options) { w.hook("#!/bin/sh\n") },
	} {
		o := good
		change(&o)
		if s, err := Start(o); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("started %v, %v; expected %q", s, err, text)
		}
		w.hook(updateHook)
	}
	again, err := Start(good) // for the same repository
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if status, _, _ := w.raw("GET", w.APIURL()+"rate_limit", "", ""); status != 200 {
		t.Errorf("the first server answers %d", status)
	}
}

// hook writes the repository's update hook.
func (w *world) hook(content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.bare, "hooks", "update"), []byte(content), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// TestGithubdLabelForms checks the forms of labels and of lists of them.
func TestGithubdLabelForms(t *testing.T) {
	for body, want := range map[string]string{
		`["a", "b"]`:                           "a b",
		`{"labels": ["a"]}`:                    "a",
		`{"labels": [{"name": "a"}, "b"]}`:     "a b",
		`{}`:                                   "",
		`[{"name": "c", "confidence": "low"}]`: "c",
	} {
		got, err := labelNames([]byte(body))
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v; expected %q", body, got, err, want)
		}
	}
	for _, body := range []string{"", "1", `{"labels": 1}`, `[1]`} {
		if got, err := labelNames([]byte(body)); err == nil {
			t.Errorf("%q: %q; expected an error", body, got)
		}
	}
}
