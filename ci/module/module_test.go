package module

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/secret"
)

// TestApply checks that what was given before a function reaches every verb that plans.
func TestApply(t *testing.T) {
	in := Inputs{Workspace: "libs", Signing: app.Signing{RekorURL: "https://rekor.example.org"}}
	for _, v := range []app.Verb{&app.Plan{}, &app.Build{}, &app.Test{}, &app.Stage{}, &app.Dist{}, &app.Release{}, &app.Train{}, &app.Images{}, &app.Reproduce{}} {
		in.Apply(v)
		signs, ok := v.(interface{ HowToSign() *app.Signing })
		if !ok || signs.HowToSign().RekorURL != in.Signing.RekorURL {
			t.Errorf("%T is not told how to sign", v)
		}
		root, ok := v.(interface{ Where() *app.Root })
		if !ok || root.Where().Source != "libs" {
			t.Errorf("%T is not told where the workspace is", v)
		}
	}
	order, changes := &app.Order{}, &app.Prepare{}
	in.Apply(order)
	in.Apply(changes)
	if order.Source != "libs" || changes.Source != "libs" {
		t.Errorf("%q, %q", order.Source, changes.Source)
	}
}

// TestWrongUse checks that options which exclude each other are an error before a session is
// joined, safe to print.
func TestWrongUse(t *testing.T) {
	dir := app.Directory{Name: "d", Set: true}
	_, err := Text(t.Context(), Inputs{}, &app.Images{Dist: dir, Staged: app.Staged{Staged: dir, StagedDigest: "x"}})
	var safe interface{ Printed() string }
	if !errors.As(err, &safe) || !strings.Contains(err.Error(), "--dist: it is given together with --staged") {
		t.Errorf("%v", err)
	}
}

// TestFiles checks which directories below the source a session reads.
func TestFiles(t *testing.T) {
	s := &session{work: t.TempDir()}
	for _, dir := range []string{"..", "../x", "a/../..", "/etc"} {
		if got, err := s.Files(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "expected a path below the source") {
			t.Errorf("%q is %q, %v", dir, got, err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.work, "given"), 0o755); err != nil { // exported before
		t.Fatal(err)
	}
	for dir, want := range map[string]string{"": "given", "libs": "given/libs", "libs/a": "given/libs/a"} {
		if got, err := s.Files(t.Context(), dir); err != nil || got != filepath.Join(s.work, want) {
			t.Errorf("%q is %q, %v", dir, got, err)
		}
	}
}

// TestRegistries checks that each registry has its own token and index.
func TestRegistries(t *testing.T) {
	token := func(value string) app.Secret {
		return func(context.Context) (secret.Text, error) { return secret.New(value), nil }
	}
	s := &session{in: Inputs{Registries: []RegistryToken{{"one", "sparse+https://one.example.org/", token("1")}, {"two", "sparse+https://two.example.org/", token("2")}}}}
	r, err := s.Registries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"one": "1", "two": "2"} {
		got, err := r.For(name, "sparse+https://"+name+".example.org/")
		if err != nil || got.Text().Reveal() != want {
			t.Errorf("%s: %q, %v", name, got.Text().Reveal(), err)
		}
		if got, err := r.For(name, "sparse+https://other.example.org/"); err == nil || !got.Empty() {
			t.Errorf("%s: the token goes elsewhere", name)
		}
	}
	if err := r.Missing(""); !strings.Contains(err.Error(), "--registry-token") {
		t.Error(err)
	}
	if err := r.Missing("three"); !strings.Contains(err.Error(), "with-registry-token") {
		t.Error(err)
	}
	stop := errors.New("stop")
	s.in.Registries[0].Token = func(context.Context) (secret.Text, error) { return secret.Text{}, stop }
	if _, err := s.Registries(t.Context()); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestAgain checks which function continues a release.
func TestAgain(t *testing.T) {
	for want, v := range map[string]app.Verb{"release-crate": &app.Release{}, "release-train": &app.Train{}, "release-demo-app": &app.Images{}} {
		if got := again(v); got != "dagger call "+want+" … --dry-run=false, with the same arguments" {
			t.Errorf("%T: %q", v, got)
		}
	}
}
