package cargo

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dagger/slipway/ci/tomlfile"
)

// TestMergeConfig checks how configurations of two directories merge, with cargo as the judge.
func TestMergeConfig(t *testing.T) {
	for name, tt := range map[string]struct{ near, far, key, want string }{
		"a string of both":  {"[build]\nrustflags = \"a\"", "[build]\nrustflags = \"b\"", "build.rustflags", "[build]\nrustflags = \"a\""},
		"an array of both":  {"[build]\nrustflags = [\"a\"]", "[build]\nrustflags = [\"b\", \"c\"]", "build.rustflags", "[build]\nrustflags = [\"b\", \"c\", \"a\"]"},
		"tables":            {"[profile.release]\nlto = true", "[profile.release]\nlto = false\nopt-level = 2", "profile.release", "[profile.release]\nlto = true\nopt-level = 2"},
		"mixed types":       {"[build]\nrustflags = [\"a\"]", "[build]\nrustflags = \"b\"", "build.rustflags", ""},
		"other mixed types": {"[profile.release]\nlto = true", "[profile.release]\nlto = \"fat\"", "profile.release", "[profile.release]\nlto = true"},
	} {
		t.Run(name, func(t *testing.T) {
			var near, far, want map[string]any
			for i, text := range []string{tt.near, tt.far, tt.want} {
				if err := tomlfile.Unmarshal([]byte(text), []*map[string]any{&near, &far, &want}[i]); err != nil {
					t.Fatal(err)
				}
			}
			got, err := mergeConfig(near, far)
			if (err != nil) != (tt.want == "") || err == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("it is %v, %v, want %v", got, err, want)
			}
			if _, err := exec.LookPath("cargo"); err != nil {
				t.Skipf("SKIPPED: cargo: %v", err)
			}
			dir := t.TempDir()
			writeFiles(t, dir, map[string]string{"inner/.cargo/config.toml": tt.near, ".cargo/config.toml": tt.far, "inner/file": "x"})
			cmd := exec.Command("cargo", "-Zunstable-options", "config", "get", tt.key)
			cmd.Dir, cmd.Env = filepath.Join(dir, "inner"), append(os.Environ(), "RUSTC_BOOTSTRAP=1")
			out, err := cmd.CombinedOutput()
			if (err != nil) != (tt.want == "") {
				t.Fatalf("cargo says %v: %s", err, out)
			}
			var theirs map[string]any
			if err == nil {
				err = tomlfile.Unmarshal(out, &theirs)
			}
			if tt.want != "" && (err != nil || !strings.Contains(string(out), "=")) {
				t.Fatalf("cargo says %s: %v", out, err)
			}
			if tt.want != "" && !reflect.DeepEqual(theirs, want) {
				t.Errorf("cargo has %v, want %v", theirs, want)
			}
		})
	}
}
