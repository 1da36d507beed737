package plan

import (
	"strings"
	"testing"
)

// TestLeftOut checks that a member that cannot be read stops the plans of no other crate, that
// their cargo reads the workspace without it, and that a train of all crates says what it lacks.
func TestLeftOut(t *testing.T) {
	w := read(t, base(map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\", \"bad\"]\n", "bad/Cargo.toml": "[package\n"}))
	p := newPlan(t, w, Request{Crates: []string{"lib@1.2.3"}})
	if err := p.CheckDryRun(); err != nil {
		t.Error(err)
	}
	if root := p.Trees[0].Files["Cargo.toml"]; strings.Contains(root, "bad") || !strings.Contains(root, `"app"`) {
		t.Errorf("cargo is asked about\n%s", root)
	}
	if text := planText(t, p); !strings.Contains(text, "bad/Cargo.toml: the member is left out") {
		t.Errorf("the plan does not say so:\n%s", text)
	}
	if text, err := Order(w, ""); err != nil || !strings.Contains(text, "lib 1.2.3") {
		t.Errorf("the order is %q, %v", text, err)
	}
	if _, err := New(w, Request{Crates: []string{"lib"}}); err != nil {
		t.Errorf("a train without it: %v", err)
	}
	_, err := New(w, Request{})
	wantError(t, err, "name those to release (--crates)", "bad/Cargo.toml")
	if asked := newPlan(t, read(t, base(nil)), Request{Crates: []string{"lib@1.2.3"}}).Trees[0].Files; len(asked) != 4 || asked["Cargo.toml"] != "" {
		t.Errorf("files that replace those of a sound workspace: %q", asked)
	}
}
