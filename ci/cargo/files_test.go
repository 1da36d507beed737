package cargo

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestPackagedFiles checks that what stops a crate because of a file or link, and only that, stops
// `cargo package` too, in a git repository.
func TestPackagedFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		file, link string // of the root package; link is what the file points to
		manifest   string
		stops      bool
	}{
		"a star":                            {"data/st*r.txt", "", "", true},
		"a colon":                           {"a:b", "", "", true},
		"a less-than sign":                  {"a<b", "", "", true},
		"a greater-than sign":               {"a>b", "", "", true},
		"a quote":                           {`a"b`, "", "", true},
		"a bar":                             {"a|b", "", "", true},
		"a question mark":                   {"a?b", "", "", true},
		"a backslash":                       {`a\b`, "", "", true},
		"a star in a directory":             {"st*r/x.txt", "", "", false},
		"a name of Windows":                 {"con.txt", "", "", false},
		"a space and an umlaut":             {"ä b.txt", "", "", false},
		"a newline":                         {"a\nb", "", "", false},
		"a star that is excluded":           {"data/st*r.txt", "", "exclude = [\"data\"]", false},
		"a star that is not included":       {"data/st*r.txt", "", "include = [\"src\"]", false},
		"cargo's copy of the manifest":      {"Cargo.toml.orig", "", "", true},
		"cargo's record of the commit":      {".cargo_vcs_info.json", "", "", true},
		"such a record below":               {"x/.cargo_vcs_info.json", "", "", false},
		"a star in a nested package":        {"fuzz/st*r.txt", "", "", false},
		"a star below a nested package":     {"fuzz/corpus/st*r.txt", "", "", false},
		"a link in a nested package":        {"fuzz/corpus", "/var/corpora", "", false},
		"a link to nowhere beneath it":      {"fuzz/src/x", "../../nowhere", "", false},
		"a link to nowhere":                 {"src/x", "../../nowhere", "", true},
		"a link to nowhere that is not in":  {"data/x", "gone", "exclude = [\"data\"]", false},
		"a link whose own name is excluded": {"st*r", "src/lib.rs", "exclude = [\"st*\"]", false},
		"a link with a star":                {"st*r", "src/lib.rs", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, map[string]string{
				"Cargo.toml": strings.Replace(pkg("a", published, tt.manifest), "2024", "2021", 1) + "[workspace]\nexclude = [\"fuzz\"]\n", "Cargo.lock": locked([]string{"a"}), "src/lib.rs": "\n",
				"fuzz/Cargo.toml": pkg("fuzz", "[workspace]"), "fuzz/src/lib.rs": "\n",
			})
			at := filepath.Join(dir, tt.file)
			err := os.MkdirAll(filepath.Dir(at), 0o755)
			if tt.link != "" && err == nil {
				err = os.Symlink(tt.link, at)
			} else if err == nil {
				err = os.WriteFile(at, []byte("x\n"), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "x"}} {
				if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
					t.Fatalf("git %q: %v\n%s", args, err, out)
				}
			}
			w := readDir(t, dir)
			a := crate(t, w, "a")
			stopping := w.Findings(a, true).Stopping(finding.Registry, finding.Release, finding.Everything)
			if stops := len(stopping) > 0; stops != tt.stops || stops != (w.Unpackageable(a) != "") {
				t.Errorf("findings %q, unpackageable %q", stopping.Lines(), w.Unpackageable(a))
			}
			if slices.ContainsFunc(w.Findings(a, true), func(f finding.Finding) bool { return strings.HasPrefix(f.File, "fuzz/") }) {
				t.Errorf("a nested package's files have findings: %q", w.Findings(a, true).Lines())
			}
			if _, err := runCargo(t, dir, "package", "--no-verify", "--offline", "--locked"); (err != nil) != tt.stops {
				t.Errorf("cargo package: %v", err)
			}
		})
	}
}
