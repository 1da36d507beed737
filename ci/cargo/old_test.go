package cargo

import (
	"strings"
	"testing"
)

// agreement checks that cargo and slipway read the same targets of a manifest, or that both refuse
// it. files are the names of its sources.
func agreement(t *testing.T, manifest, files, want string) {
	t.Helper()
	in := map[string]string{"Cargo.toml": manifest, "Cargo.lock": locked([]string{"x"})}
	for _, name := range strings.Fields(files) {
		in[name] = "fn main() {}\n"
	}
	w := read(t, in)
	dir := t.TempDir()
	writeFiles(t, dir, in)
	out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline")
	if want == "refused" {
		if _, left := w.leftOut()["."]; err == nil || !left {
			t.Errorf("cargo: %v; the package is left out: %t", err, left)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Agree(out); err != nil {
		t.Error(err)
	}
	if got := describe(&w.Crates[0]); got != want {
		t.Errorf("targets %s, want %s", got, want)
	}
}

// TestOldSpellings checks that manifests with old names of tables and old places of files, which
// cargo still reads, are read too.
func TestOldSpellings(t *testing.T) {
	const old = "[package]\nname = \"x\"\nversion = \"1.0.0\"\n"
	const edition2018 = old + "edition = \"2018\"\n"
	for name, tt := range map[string]struct{ manifest, files, want string }{
		"[project]":                            {strings.Replace(old, "package", "project", 1), "src/lib.rs", "lib:x=src/lib.rs"},
		"[project] of a later edition":         {strings.Replace(edition2018, "package", "project", 1), "src/main.rs", "bin:x=src/main.rs"},
		"[project] beside [package]":           {"[project]\nname = \"y\"\nversion = \"2.0.0\"\n" + old, "src/lib.rs", "lib:x=src/lib.rs"},
		"[project] that is a workspace":        {strings.Replace(old, "package", "project", 1) + "[workspace]\n", "src/lib.rs", "lib:x=src/lib.rs"},
		"a library by its name":                {old + "[lib]\nname = \"z\"\n", "src/z.rs", "lib:z=src/z.rs"},
		"a library by its name, later edition": {edition2018 + "[lib]\nname = \"z\"\n", "src/z.rs", "refused"},
		"a binary by its name":                 {old + "[[bin]]\nname = \"z\"\n", "src/z.rs", "bin:z=src/z.rs"},
		"a binary by its name, with a library": {old + "[[bin]]\nname = \"z\"\n", "src/z.rs src/lib.rs", "refused"},
		"a binary of another name in main.rs":  {old + "[[bin]]\nname = \"z\"\n", "src/main.rs src/lib.rs", "bin:z=src/main.rs lib:x=src/lib.rs"},
		"a binary in bin/main.rs":              {old + "[[bin]]\nname = \"z\"\n", "src/bin/main.rs src/lib.rs", "bin:z=src/bin/main.rs lib:x=src/lib.rs"},
		"a binary of another name, 2018":       {edition2018 + "[[bin]]\nname = \"z\"\n", "src/main.rs src/lib.rs", "refused"},
		"a benchmark":                          {old + "[[bench]]\nname = \"bench\"\n", "src/lib.rs src/bench.rs", "lib:x=src/lib.rs"},
		"underscores": {
			edition2018 + "[lib]\nproc_macro = true\n[dev_dependencies]\na = \"1\"\n[target.'cfg(unix)'.build_dependencies]\nb = \"1\"\n", "src/lib.rs build.rs",
			"lib:x=src/lib.rs,proc-macro build:build.rs",
		},
	} {
		t.Run(name, func(t *testing.T) { agreement(t, tt.manifest, tt.files, tt.want) })
	}
}

// TestDotFiles checks that files and directories that begin with a dot are no binaries.
func TestDotFiles(t *testing.T) {
	agreement(t, strings.Replace(pkg("x"), "2024", "2021", 1), "src/lib.rs src/bin/._x.rs src/bin/.y/main.rs src/bin/.rs src/bin/a.b.rs src/bin/c/main.rs src/bin/d.rs.orig src/bin/e.rs/main.rs",
		"bin:a.b=src/bin/a.b.rs bin:c=src/bin/c/main.rs bin:e.rs=src/bin/e.rs/main.rs lib:x=src/lib.rs")
}

// TestExcludedMembers checks which path dependencies `exclude` keeps out of the workspace, and that
// cargo agrees.
func TestExcludedMembers(t *testing.T) {
	for name, tt := range map[string]struct{ members, exclude, want string }{
		"nothing excluded":              {`[]`, `[]`, "a/b c x"},
		"excluded":                      {`[]`, `["a"]`, "c x"},
		"the root is a member":          {`["."]`, `["a"]`, "a/b c x"},
		"the root is a member, a slash": {`["./"]`, `["a/b", "c"]`, "a/b c x"},
		"the root is excluded":          {`[]`, `["."]`, "x"},
		"a member below the excluded":   {`["a/b"]`, `["a", "c"]`, "a/b x"},
		"a member above the excluded":   {`["c"]`, `["c/d", "a"]`, "c x"},
		"a pattern keeps nothing in":    {`["a/*"]`, `["a", "c"]`, "x"},
		"a name that begins the same":   {`[]`, `["a/bb", "cc"]`, "a/b c x"},
		"written in an unusual way":     {`[]`, `["./a/", "c//"]`, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml":     strings.Replace(pkg("x"), "2024", "2021", 1) + "[dependencies]\nb = { path = \"a/b\" }\nc = { path = \"c\" }\n[workspace]\nmembers = " + tt.members + "\nexclude = " + tt.exclude + "\n",
				"a/b/Cargo.toml": pkg("b"), "a/b/src/lib.rs": "\n", "c/Cargo.toml": pkg("c"), "c/src/lib.rs": "\n", "src/lib.rs": "\n", "Cargo.lock": locked([]string{"x"}),
			}
			w := read(t, in)
			dir := t.TempDir()
			writeFiles(t, dir, in)
			out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline")
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Agree(out); err != nil {
				t.Error(err)
			}
			got := strings.Replace(strings.Join(w.Dirs(), " "), ".", "x", 1)
			if words := strings.Fields(got); len(words) > 1 && words[0] == "x" {
				got = strings.Join(append(words[1:], "x"), " ")
			}
			if got != tt.want {
				t.Errorf("members %s, want %s", got, tt.want)
			}
		})
	}
}
