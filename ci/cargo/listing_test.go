package cargo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
)

// tracked makes a git repository of files, given by name, and of links, whose content begins with
// "-> ", in a directory, and returns the workspace there.
func tracked(t *testing.T, dir string, contents map[string]string) *Workspace {
	t.Helper()
	for name, content := range contents {
		if to, ok := strings.CutPrefix(content, "-> "); ok {
			at := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, at); err != nil {
				t.Fatal(err)
			}
			continue
		}
		writeFiles(t, dir, map[string]string{name: content + "\n"})
	}
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	git("init", "-q")
	git("add", "--all", "--force")
	git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "x")
	names := strings.Split(git("ls-files", "-z"), "\x00")
	w := readDir(t, dir)
	w.Tracked = func(name string) bool { return slices.Contains(names, name) }
	return w
}

// TestListing checks that the files of a package are those that cargo lists, through links and in
// a target directory that git tracks.
func TestListing(t *testing.T) {
	for name, tt := range map[string]struct {
		manifest string
		files    map[string]string
		want     string // one of the names, to see that the case is what it says
	}{
		"a linked directory":                  {"", map[string]string{"a/data": "-> ../shared", "shared/x/one": "", "shared/two": "-> x/one"}, "data/two"},
		"a link to such a link":               {"", map[string]string{"a/data": "-> more", "a/more": "-> ../shared", "shared/one": ""}, "data/one"},
		"a link in a linked directory":        {"", map[string]string{"a/data": "-> ../shared", "shared/in": "-> ../other", "other/one": ""}, "data/in/one"},
		"a link to a linked directory's":      {"", map[string]string{"a/data": "-> ../shared/in/x", "shared/in": "-> ../other", "other/x/one": ""}, "data/one"},
		"a link back":                         {"", map[string]string{"a/data/x": "", "a/data/loop": "-> ../data"}, "data/loop/x"},
		"a link back in a linked one":         {"", map[string]string{"a/data": "-> ../shared", "shared/x/loop": "-> ../../shared", "shared/x/one": ""}, "data/x/one"},
		"a link back, and `include`":          {"include = [\"**\"]", map[string]string{"a/data/x": "", "a/data/loop": "-> ../data"}, "data/x"},
		"two links to one":                    {"include = [\"**\"]", map[string]string{"a/data": "-> ../shared", "a/more": "-> ../shared", "shared/x": ""}, "more/x"},
		"two links that lead to each other":   {"", map[string]string{"a/data": "-> ../one", "one/x": "", "one/two": "-> ../two", "two/y": "", "two/one": "-> ../one"}, "data/two/y"},
		"one that is excluded":                {"exclude = [\"data\"]", map[string]string{"a/data": "-> ../shared", "shared/x": ""}, "src/lib.rs"},
		"one that is excluded as a directory": {"exclude = [\"data/\"]", map[string]string{"a/data": "-> ../shared", "shared/x": ""}, "src/lib.rs"},
		"a file of it that is excluded":       {"exclude = [\"data/x\"]", map[string]string{"a/data": "-> ../shared", "shared/x": "", "shared/y": ""}, "data/y"},
		"what is excluded, but for a file":    {"exclude = [\"*/no\", \"!*/no/but\"]", map[string]string{"a/data": "-> ../shared", "shared/no/but": "", "a/real/no/but": "", "a/real/no/x": ""}, "real/no/but"},
		"a file of it that is included":       {"include = [\"src\", \"data/*.txt\"]", map[string]string{"a/data": "-> ../shared", "shared/x.txt": "", "shared/y": ""}, "data/x.txt"},
		"a linked package":                    {"", map[string]string{"a/data": "-> ../shared", "shared/Cargo.toml": "[package]", "shared/x": ""}, "src/lib.rs"},
		"a package in a linked directory":     {"", map[string]string{"a/data": "-> ../shared", "shared/p/Cargo.toml": "", "shared/p/x": "", "shared/y": ""}, "data/y"},
		"a target directory":                  {"", map[string]string{"a/target/x": "", "a/target/y/z": "", "a/data/target/x": ""}, "target/y/z"},
		"one that is not included":            {"include = [\"**\"]", map[string]string{"a/target/x": "", "a/data/target/x": ""}, "data/target/x"},
		"a package in a target directory":     {"", map[string]string{"a/target/p/Cargo.toml": "", "a/target/p/x": "", "a/target/y": ""}, "target/y"},
		"a link to a target directory":        {"", map[string]string{"a/data": "-> target", "a/target/y": ""}, "data/y"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			all := map[string]string{"Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\"]\n", "Cargo.lock": locked([]string{"a"}), "a/Cargo.toml": pkg("a", published, tt.manifest), "a/src/lib.rs": "\n"}
			for name, content := range tt.files {
				all[name] = content
			}
			w := tracked(t, dir, all)
			a := crate(t, w, "a")
			writeFiles(t, dir, map[string]string{"a/target/untracked": "x"})
			files, trouble, err := w.listFiles(a, true)
			if err != nil || len(trouble) > 0 {
				t.Errorf("%v, %q", err, trouble.Lines())
			}
			var ours []string
			for _, f := range files {
				if a.contents.packages(f.within) && f.within != "Cargo.toml" {
					ours = append(ours, f.within)
				}
			}
			slices.Sort(ours)
			out, err := runCargo(t, filepath.Join(dir, "a"), "package", "--list", "--offline", "--allow-dirty", "--quiet")
			if err != nil {
				t.Fatal(err)
			}
			theirs := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool {
				return slices.Contains([]string{".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"}, name)
			})
			slices.Sort(theirs)
			if !slices.Equal(ours, theirs) || !slices.Contains(ours, tt.want) {
				t.Errorf("the files are\n%q, for cargo\n%q", ours, theirs)
			}
		})
	}
}

// TestLinkedFiles checks that what stops a package because of a file behind a link, or in a target
// directory, and only that, stops `cargo package`.
func TestLinkedFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  string // the file of the finding, "" for none
	}{
		"a colon":                        {map[string]string{"a/data": "-> ../shared", "shared/x:y": ""}, "a/data/x:y"},
		"a link to nowhere":              {map[string]string{"a/data": "-> ../shared", "shared/bad": "-> /nowhere"}, "a/data/bad"},
		"a link to what is not there":    {map[string]string{"a/data": "-> ../shared", "shared/bad": "-> gone"}, "a/data/bad"},
		"one that its name would dangle": {map[string]string{"a/data": "-> ../shared/deep", "shared/deep/good": "-> ../x", "shared/x": ""}, ""},
		"a colon in a link's own name":   {map[string]string{"a/x:y": "-> ../shared", "shared/x": ""}, ""},
		"a link in a target directory":   {map[string]string{"a/target/l": "-> /nowhere"}, "a/target/l"},
		"one to a directory there":       {map[string]string{"a/target/l": "-> ../src"}, "a/target/l"},
		"one to a file there":            {map[string]string{"a/target/l": "-> ../src/lib.rs"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			all := map[string]string{"Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\"]\n", "Cargo.lock": locked([]string{"a"}), "a/Cargo.toml": pkg("a", published), "a/src/lib.rs": "\n"}
			for name, content := range tt.files {
				all[name] = content
			}
			w := tracked(t, dir, all)
			a := crate(t, w, "a")
			stopping := w.Findings(a, true).Stopping(finding.Registry, finding.Release, finding.Everything)
			if stops := len(stopping) == 1 && stopping[0].File == tt.want; stops != (tt.want != "") || len(stopping) > 1 || stops != (w.Unpackageable(a) != "") {
				t.Errorf("it finds %q, and is unpackageable: %q", stopping.Lines(), w.Unpackageable(a))
			}
			if w.Findings(a, false).Stopping(finding.Registry) != nil {
				t.Error("it stops a registry although nothing is packaged")
			}
			t.Setenv("CARGO_TARGET_DIR", t.TempDir())
			if _, err := runCargo(t, filepath.Join(dir, "a"), "package", "--no-verify", "--offline"); (err != nil) != (tt.want != "") {
				t.Errorf("cargo package: %v", err)
			}
		})
	}
}

// TestListingBounded checks that links which multiply what they lead to are a finding.
func TestListingBounded(t *testing.T) {
	fsys := files(map[string]string{"Cargo.toml": pkg("a", published), "src/lib.rs": "", "d30/x": ""})
	for i := range 30 {
		for _, link := range []string{"one", "two"} {
			fsys[fmt.Sprintf("d%d/%s", i, link)] = &fstest.MapFile{Data: fmt.Appendf(nil, "../d%d", i+1), Mode: os.ModeSymlink | 0o777}
		}
	}
	w, err := Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	stopping := w.Findings(crate(t, w, "a"), true).Stopping(finding.Registry)
	if len(stopping) == 0 || !strings.Contains(stopping[0].What, "lead to more than 16384 files") {
		t.Errorf("it finds %q", stopping.Lines())
	}
}
