package requirement

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
)

// TestMet checks versions that do and do not satisfy a requirement. Package prepare compares many
// more with cargo.
func TestMet(t *testing.T) {
	for _, tt := range []struct {
		asked, version string
		want           bool
	}{
		{"0.1", "0.1.9", true},
		{"0.1", "0.2.0", false},
		{"0.1", "0.1.0-alpha", false},
		{"0.1.0-alpha", "0.1.0-beta", true},
		{"0.0.9", "0.1.0", false},
		{">=0.1, <0.2", "0.1.5", true},
		{">=0.1, <0.2", "0.2.0", false},
		{"*", "3.0.0", true},
		{"~1.2", "1.3.0", false},
	} {
		l, err := Parse(tt.asked)
		if got := l.Met(semver.MustParse(tt.version)); err != nil || got != tt.want {
			t.Errorf("%q is met by %s: %t, %v", tt.asked, tt.version, got, err)
		}
	}
}

// TestParseRefuses checks that what cargo cannot read is quoted.
func TestParseRefuses(t *testing.T) {
	for _, asked := range []string{"", "one", "1.0.0,", "1.0.0.0", "==1", "1.*.3"} {
		if _, err := Parse(asked); err == nil || !strings.Contains(err.Error(), "cargo cannot read it") {
			t.Errorf("%q: %v", asked, err)
		}
	}
}
