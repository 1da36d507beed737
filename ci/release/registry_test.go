package release

import (
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
)

func TestRequirement(t *testing.T) {
	tests := []struct {
		req, version string
		want         bool
	}{
		{"0.3.1", "0.3.1", true},
		{"0.3.1", "0.3.9", true},
		{"0.3.1", "0.4.0", false},
		{"0.3.1", "0.3.0", false},
		{"^1.2", "1.9.0", true},
		{"1", "2.0.0", false},
		{"=1.2.3", "1.2.4", false},
		{"~1.2.3", "1.2.9", true},
		{"~1.2.3", "1.3.0", false},
		{">=1.2, <1.5", "1.4.9", true},
		{">=1.2, <1.5", "1.5.0", false},
		{"1.*", "1.9.9", true},
		{"*", "3.0.0", true},
		{"0.0.3", "0.0.4", false},
		{"1.0.0-rc.1", "1.0.0-rc.2", true},
		{"1.0.0", "1.1.0-rc.1", false},
	}
	for _, tt := range tests {
		c, err := requirement(tt.req)
		if err != nil || accepts(c, tt.version) != tt.want {
			t.Errorf("%q accepts %q: %t, %v; want %t", tt.req, tt.version, !tt.want, err, tt.want)
		}
	}
	if _, err := requirement("one"); err == nil {
		t.Error("\"one\" was read as a requirement")
	}
}

// TestGetPublished checks what a release says to do about a dependency that the registry lacks: a
// sibling can be released in the same train, and nothing else can, because cargo packages it only
// with what the registry has.
func TestGetPublished(t *testing.T) {
	for want, d := range map[string]cargo.Required{
		`release crate "b" first, or both in one train`: {Dependency: cargo.Dependency{Name: "b", Path: "b", Req: "1"}, Sibling: true},
		`release crate "b" first, in a run of its own`:  {Dependency: cargo.Dependency{Name: "b", Path: "b", Req: "1", Kind: cargo.Dev, Patched: true}},
		"leave out the version of this development":     {Dependency: cargo.Dependency{Name: "b", Path: "b", Req: "1", Kind: cargo.Dev}},
	} {
		if got := getPublished(d); !strings.HasPrefix(got, want) {
			t.Errorf("it says %q, expected %q", got, want)
		}
	}
}
