package gitref

import (
	"strings"
	"testing"
)

const sha = "eb9967aa0f3c1d2e4b5a69788796a5b4c3d2e1f0"

func TestCheckCommit(t *testing.T) {
	tests := []struct {
		name, in, want string
	}{
		{"SHA-1", sha, ""},
		{"SHA-256", strings.Repeat("0a", 32), ""},
		{"empty", "", `checking commit "": expected 40 or 64 hexadecimal digits; give the whole id`},
		{"abbreviated", sha[:8], `checking commit "eb9967aa": expected 40 or 64`},
		{"39 digits", sha[:39], "expected 40 or 64"},
		{"41 digits", sha + "0", "expected 40 or 64"},
		{"upper case", strings.ToUpper(sha), "expected lower case"},
		{"mixed case", "E" + sha[1:], "expected lower case"},
		{"not hexadecimal", "g" + sha[1:], "expected 40 or 64"},
		{"newline", sha + "\n", "expected 40 or 64"},
		{"leading space", " " + sha, "expected 40 or 64"},
		{"branch", "main", "expected 40 or 64"},
		{"option", "--" + sha[2:], "expected 40 or 64"},
		{"revision", sha[:38] + "~1", "expected 40 or 64"},
		{"digest", "sha256:" + strings.Repeat("a", 57), "expected 40 or 64"},
		{"null id", strings.Repeat("0", 40), "git's placeholder for no commit"},
		{"SHA-256 null id", strings.Repeat("0", 64), "git's placeholder for no commit"},
		{"Kelvin sign", "\u212a" + sha[:39], "expected 40 or 64"},
		{"full-width digits", strings.Repeat("\uff11", 40), "expected 40 or 64"},
		{"workflow command", "##[add-mask]1", `"#\x23[add-mask]1"`},
		{"10 MB", strings.Repeat("a", 10<<20), "... (10485760 bytes): expected 40 or 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckCommit(tt.in)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v does not say %q", err, tt.want)
			}
			checkOneLine(t, err)
		})
	}
}

func TestCheckAmbiguous(t *testing.T) {
	const tag = "containerd-shimkit/v0.1.1"
	tests := []struct {
		name      string
		branches  []string
		ambiguous bool
	}{
		{"no branches", nil, false},
		{"other branches", []string{"main", "release/1.x", "containerd-shimkit/v0.1.10", "v0.1.1"}, false},
		{"the tag is a folder of branches", []string{tag + "/fixes"}, false},
		{"other case", []string{"Containerd-Shimkit/v0.1.1"}, false},
		{"same name", []string{"main", tag}, true},
		{"same name, full ref", []string{"refs/heads/" + tag}, true},
		{"the tag itself", []string{"refs/tags/" + tag}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckAmbiguous(tag, tt.branches)
			if !tt.ambiguous {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), `checking tag "`+tag+`": a branch has the same name`) {
				t.Fatalf("error %v does not name the tag and the branch", err)
			}
			checkOneLine(t, err)
		})
	}
}
