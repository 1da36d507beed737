package cargo

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
)

// TestReadExample checks what is read from the example workspace.
func TestReadExample(t *testing.T) {
	w := readDir(t, example)
	var got []string
	for i := range w.Crates {
		c := &w.Crates[i]
		line := c.Name + " " + c.Version + " " + c.Dir + " " + c.Edition
		for _, b := range c.Bins {
			line += " bin:" + b.Name + "=" + b.Path
		}
		if c.Lib != nil {
			line += " lib:" + c.Lib.Name + "=" + c.Lib.Path
		}
		if ok, reason := c.Publishable(); !ok {
			line += " (" + reason + ")"
		}
		got = append(got, line)
	}
	want := []string{
		"demo-app 0.1.0 crates/demo-app 2024 bin:demo-app=src/main.rs (publish = false)",
		"fetcher 0.5.0 crates/fetcher 2024 lib:fetcher=src/lib.rs",
		"shim-core 0.2.0 crates/shim-core 2024 lib:shim_core=src/lib.rs",
		"shim-demo 0.1.0 crates/shim-demo 2024 bin:shim-demo-v1=src/main.rs lib:shim_demo=src/lib.rs (publish = false)",
		"shimkit 0.3.1 crates/shimkit 2024 lib:shimkit=src/lib.rs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("crates\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if w.Toolchain.Channel != "1.96.0" || !slices.Equal(w.Toolchain.Targets, []string{"wasm32-wasip1"}) {
		t.Errorf("toolchain %+v", w.Toolchain)
	}
	if want := []string{"target.cfg(unix).runner"}; !slices.Equal(w.Config.Dropped, want) {
		t.Errorf("dropped %q, want %q", w.Config.Dropped, want)
	}
	if want := "[profile]\n  [profile.release]\n    strip = \"symbols\"\n"; w.Config.Text != want {
		t.Errorf("kept %q, want %q", w.Config.Text, want)
	}
	for i := range w.Crates {
		if err := stoppingError(w, &w.Crates[i]); err != nil {
			t.Error(err)
		}
	}
}

func TestMembers(t *testing.T) {
	leaf := func(name string) string { return pkg(name) }
	tests := []struct {
		name string
		in   map[string]string
		want string // name:directory
	}{
		{"single package", map[string]string{"Cargo.toml": pkg("one")}, "one:."},
		{"root package that is a workspace", map[string]string{"Cargo.toml": pkg("one") + "[workspace]\nmembers = [\"two\"]", "two/Cargo.toml": leaf("two")}, "one:. two:two"},
		{"glob", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c/*\"]", "c/a/Cargo.toml": leaf("a"), "c/b/Cargo.toml": leaf("b"), "c/d/e/Cargo.toml": leaf("e"), "c/README.md": "x"}, "a:c/a b:c/b"},
		{"glob that matches one directory without a manifest", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"a\", \"c/*\"]", "a/Cargo.toml": leaf("a"), "c/x/README.md": "x"}, "a:a"},
		{"glob over directories", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c/**\"]", "c/a/Cargo.toml": leaf("a"), "c/d/e/Cargo.toml": leaf("e")}, "a:c/a e:c/d/e"},
		{"negated class", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c/[!x]*\"]", "c/a/Cargo.toml": leaf("a"), "c/xa/Cargo.toml": leaf("xa")}, "a:c/a"},
		{"question mark", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c?\"]", "c1/Cargo.toml": leaf("a"), "c22/Cargo.toml": leaf("b")}, "a:c1"},
		{"trailing slash", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"./c/\"]", "c/Cargo.toml": leaf("a")}, "a:c"},
		{"exclude", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c/*\"]\nexclude = [\"c/b\"]", "c/a/Cargo.toml": leaf("a"), "c/b/Cargo.toml": leaf("b")}, "a:c/a"},
		{"exclude does not match a longer name", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c/*\"]\nexclude = [\"c/b\"]", "c/bb/Cargo.toml": leaf("bb"), "c/b/Cargo.toml": leaf("b")}, "bb:c/bb"},
		{"member wins over exclude", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"c/a\"]\nexclude = [\"c\"]", "c/a/Cargo.toml": leaf("a"), "c/b/Cargo.toml": leaf("b")}, "a:c/a"},
		{"path dependencies are members", map[string]string{
			"Cargo.toml":   "[workspace]\nmembers = [\"a\"]",
			"a/Cargo.toml": pkg("a", "[dependencies]\nb = { path = \"../b\" }\n[target.'cfg(unix)'.dev-dependencies]\nd = { path = \"../d\" }"),
			"b/Cargo.toml": pkg("b", "[build-dependencies]\nc = { path = \"../c\" }"), "c/Cargo.toml": leaf("c"), "d/Cargo.toml": leaf("d"),
		}, "a:a b:b c:c d:d"},
		{"excluded path dependency is none", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"a\"]\nexclude = [\"b\"]", "a/Cargo.toml": pkg("a", "[dependencies]\nb = { path = \"../b\" }"), "b/Cargo.toml": leaf("b")}, "a:a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range read(t, tt.in).Crates {
				got = append(got, c.Name+":"+c.Dir)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("members %s, want %s", s, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	one := func(manifest string) map[string]string { return map[string]string{"Cargo.toml": manifest} }
	tests := []struct {
		name string
		in   map[string]string
		want []string
	}{
		{"no manifest", map[string]string{}, []string{`reading manifest "Cargo.toml"`, "expected the root of a cargo workspace"}},
		{"malformed manifest", one("[package\n"), []string{`reading manifest "Cargo.toml"`, "line 2"}},
		{"malformed member", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"a\"]", "a/Cargo.toml": "[package]\nname = 3"}, []string{`reading manifest "a/Cargo.toml"`}},
		{"missing member", one("[workspace]\nmembers = [\"gone\"]"), []string{`reading manifest "gone/Cargo.toml"`}},
		{"member outside", one("[workspace]\nmembers = [\"../x\"]"), []string{`member "../x" is outside the workspace`, "move it below the root"}},
		{"bad glob", one("[workspace]\nmembers = [\"[a\"]"), []string{`member pattern "[a"`}},
		{"no member", one("[workspace]\nmembers = [\"c/*\"]"), []string{`"Cargo.toml" names no members and is not a package`}},
		{"member is no crate", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"a\"]", "a/Cargo.toml": "[workspace]"}, []string{`"a/Cargo.toml"`, "it has no [package]: a member must be a crate"}},
		{"two of a name", map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"a\", \"b\"]", "a/Cargo.toml": pkg("x"), "b/Cargo.toml": pkg("x")}, []string{`"a" and "b" both hold a crate "x"`}},
		{"bad crate name", one(pkg("../x")), []string{`"Cargo.toml"`, `checking crate name "../x"`}},
		{"version not inherited right", one("[package]\nname = \"a\"\nversion.workspace = true\n[workspace]"), []string{`field "version" says `, `[workspace.package] has no "version"`}},
		{"version is a table", one("[package]\nname = \"a\"\nversion = {}"), []string{`field "version" is a table without `}},
		{"version is a number", one("[package]\nname = \"a\"\nversion = 1.2"), []string{`field "version" is float64, expected a string`}},
		{"publish is a number", one(pkg("a", "publish = 3")), []string{`field "publish" is int64, expected true, false or a list of registries`}},
		{"publish holds a number", one(pkg("a", "publish = [3]")), []string{`field "publish" holds 3, expected registry names`}},
		{"include is no list", one(pkg("a", "include = true")), []string{`field "include" is bool, expected a list of patterns`}},
		{"exclude holds a number", one(pkg("a", "exclude = [3]")), []string{`field "exclude" holds 3`}},
		{"dependency is a number", one(pkg("a", "[dependencies]\nb = 3")), []string{`dependency "b": it is int64, expected a version or a table`}},
		{"dependency not in the workspace's", one(pkg("a", "[dependencies]\nb.workspace = true\n[workspace]")), []string{`dependency "b"`, "[workspace.dependencies] does not have it"}},
		{"dependency on an absolute path", one(pkg("a", "[dependencies]\nb = { path = \"/b\" }")), []string{`dependency "b": path "/b" is outside the workspace`}},
		{"binary leaves the tarball", one(pkg("a", "[[bin]]\nname = \"../a\"\npath = \"m.rs\"")), []string{`binary "../a": it must not begin with '.'`}},
		{"binary like an option", one(pkg("a", "[[bin]]\nname = \"-a\"\npath = \"m.rs\"")), []string{`binary "-a": it must not begin with '-'`}},
		{"binary with a path", one(pkg("a", "[[bin]]\nname = \"a/b\"\npath = \"m.rs\"")), []string{`binary "a/b": byte 2 ("/")`}},
		{"binary without a name", one(pkg("a", "[[bin]]\npath = \"m.rs\"")), []string{"a [[bin]] has no name"}},
		{"binary twice", one(pkg("a", "[[bin]]\nname = \"b\"\npath = \"m.rs\"\n[[bin]]\nname = \"b\"\npath = \"n.rs\"")), []string{`binary "b" is declared twice`}},
		{"malformed lock file", map[string]string{"Cargo.toml": pkg("a"), "Cargo.lock": "[["}, []string{`reading lock file "Cargo.lock"`}},
		{"lock file with an inline package", map[string]string{"Cargo.toml": pkg("a"), "Cargo.lock": "package = [{ name = \"a\", version = \"1.0.0\" }]\n"}, []string{`"Cargo.lock"`, "1 packages, but 0 begin on a line of their own"}},
		{"malformed Cross.toml", map[string]string{"Cargo.toml": pkg("a"), "Cross.toml": "x"}, []string{`reading "Cross.toml"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, faults(files(tt.in)), tt.want...)
		})
	}
	without := files(one(pkg("a")))
	delete(without, "Cargo.lock")
	w, err := Read(without)
	if err != nil {
		t.Fatal(err)
	}
	if found := w.Findings(crate(t, w, "a"), true); len(found) != 1 || found[0].Stops != finding.Nothing || !strings.Contains(found[0].String(), "Cargo.lock: the workspace has none") {
		t.Errorf("a library without a lock file: %q", found.Lines())
	}
	without["src/main.rs"] = &fstest.MapFile{}
	if w, err = Read(without); err != nil {
		t.Fatal(err)
	}
	wantError(t, stoppingError(w, crate(t, w, "a")), `Cargo.lock: the workspace has none`, `run "cargo generate-lockfile" and commit the file`)
}
