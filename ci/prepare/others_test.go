package prepare

import (
	"path"
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/sourcefs"
)

// besides returns a workspace of a crate one 0.1.0 and its dependent two, which asks for it by
// asked, with more files.
func besides(asked, root string, more map[string]string) map[string]string {
	files := map[string]string{
		"Cargo.toml": "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\n" + root, "one/src/lib.rs": "", "two/src/lib.rs": "",
		"one/Cargo.toml": "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
		"two/Cargo.toml": "[package]\nname = \"two\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\none = { path = \"../one\", version = \"" + asked + "\" }\n",
		"Cargo.lock":     "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"two\"\nversion = \"0.1.0\"\ndependencies = [\n \"one\",\n]\n",
	}
	for name, content := range more {
		files[name] = content
	}
	return files
}

// other returns the manifest of a package that is no member, with more lines.
func other(lines string) string {
	return "[package]\nname = \"other\"\nversion = \"0.0.0\"\nedition = \"2021\"\n" + lines + "\n"
}

// applied returns the files of a workspace with the changes made.
func applied(files map[string]string, c *Changeset) map[string]string {
	for _, f := range c.Files {
		files[f.Path] = f.New
	}
	return files
}

// TestOthers checks that packages which are not members still find the crate, which the machine's
// cargo confirms, and that nothing else about them changes.
func TestOthers(t *testing.T) {
	const own = "\n[workspace]\n"
	const lock = "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"other\"\nversion = \"0.0.0\"\ndependencies = [\n \"one\",\n]\n"
	for name, tt := range map[string]struct {
		root string
		at   string // the directory of the package
		text string
		want string // in its manifest
		lock string
	}{
		"excluded":     {root: "exclude = [\"examples\"]\n", at: "examples/e", text: "[dependencies]\none = { path = \"../../one\", version = \"0.1\" }", want: `version = "0.2.0" }`},
		"fuzz":         {at: "fuzz", text: own + "[dependencies]\none = { path = \"../one\", version = \"0.1.0\" }", want: `version = "0.2.0" }`, lock: lock},
		"below it":     {at: "one/fuzz", text: own + "[dependencies.one]\npath = \"..\"\nversion = \"=0.1.0\"", want: `version = "=0.2.0"`},
		"renamed":      {at: "tools/x", text: own + "[build-dependencies]\nz = { package = \"one\", path = \"../../one\", version = \"~0.1\" }", want: `version = "~0.2.0" }`},
		"of a target":  {at: "x", text: own + "[target.'cfg(unix)'.dev-dependencies]\none = { path = \"../one\", version = \"^0.1\" }", want: `version = "^0.2.0" }`},
		"inherited":    {at: "x", text: own + "[workspace.dependencies]\none = { path = \"../one\", version = \"0.1\" }\n[dependencies]\none.workspace = true", want: `version = "0.2.0" }`},
		"fits":         {at: "x", text: own + "[dependencies]\none = { path = \"../one\", version = \">=0.1\" }", want: `version = ">=0.1" }`},
		"no version":   {at: "x", text: own + "[dependencies]\none = { path = \"../one\" }", want: `{ path = "../one" }`, lock: lock},
		"by another":   {at: "x", text: own + "[dependencies]\ntwo = { path = \"../two\", version = \"0.1\" }", want: `version = "0.1" }`, lock: strings.Replace(strings.Replace(lock, "\"one\",", "\"two\",", 1), "[[package]]\nname = \"other\"", "[[package]]\nname = \"two\"\nversion = \"0.1.0\"\ndependencies = [\n \"one\",\n]\n\n[[package]]\nname = \"other\"", 1)},
		"and a member": {root: "exclude = [\"x\"]\n", at: "x", text: "[dependencies]\none = { path = \"../one\", version = \"0.1\" }\ntwo = { path = \"../two\", version = \"0.1\" }", want: `one = { path = "../one", version = "0.2.0" }`},
	} {
		t.Run(name, func(t *testing.T) {
			more := map[string]string{tt.at + "/Cargo.toml": other(tt.text), tt.at + "/src/lib.rs": ""}
			if tt.lock != "" {
				more[tt.at+"/Cargo.lock"] = sortedLock(tt.lock)
			}
			files := besides("0.1", tt.root, more)
			c := mustPrepare(t, files, "one", "0.2.0")
			after := applied(files, c)
			if !strings.Contains(after[tt.at+"/Cargo.toml"], tt.want) {
				t.Errorf("it has %q, expected %q", after[tt.at+"/Cargo.toml"], tt.want)
			}
			var args []string
			if tt.lock != "" {
				args = append(args, "--locked")
			}
			runCargo(t, path.Join(lay(t, after), tt.at), "metadata", args...)
		})
	}
}

// sortedLock returns a lock file with its packages as cargo sorts them.
func sortedLock(text string) string {
	if head, two, found := strings.Cut(text, "\n[[package]]\nname = \"two\""); found {
		two, rest, _ := strings.Cut(two, "\n[[package]]")
		return head + "\n[[package]]" + rest + "\n[[package]]\nname = \"two\"" + two
	}
	return text
}

// TestOthersLeft checks what is not changed: what is not ours to change, without a note, and what
// only its author can change, with one.
func TestOthersLeft(t *testing.T) {
	const asks = "[workspace]\n[dependencies]\none = { path = \"../one\", version = \"0.1\" }"
	for name, tt := range map[string]struct{ at, text, more, note string }{
		"range":           {at: "x", text: "[workspace]\n[dependencies]\none = { path = \"../one\", version = \">=0.1, <0.2\" }", note: `"x/Cargo.toml" line 7: dependency "one": requirement ">=0.1, <0.2" rules out 0.2.0: write a range that allows both it and the version now, or "0.2.0".`},
		"of a registry":   {at: "x", text: "[workspace]\n[dependencies]\none = \"0.1\""},
		"another of name": {at: "x", text: "[workspace]\n[dependencies]\none = { path = \"one\", version = \"0.1\" }"},
		"build output":    {at: "target", text: asks},
		"hidden":          {at: ".x", text: asks},
		"vendored":        {at: "x", text: asks, more: "x/.cargo-checksum.json"},
		"submodule":       {at: "x", text: asks, more: "x/.git"},
		"template":        {at: "x", text: asks + "\n{{ more }}"},
		"not UTF-8":       {at: "x", text: asks + "# \xff"},
		"stale lock file": {at: "x", text: strings.Replace(asks, ", version = \"0.1\"", "", 1), more: "x/Cargo.lock", note: `"x/Cargo.lock" has "one" at 0.0.9, but it was at 0.1.0: run "cargo update --workspace" there.`},
	} {
		t.Run(name, func(t *testing.T) {
			more := map[string]string{tt.at + "/Cargo.toml": other(tt.text)}
			if tt.more != "" {
				more[tt.more] = "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.0.9\"\n"
			}
			c := mustPrepare(t, besides("0.1.0", "exclude = [\"x\"]\n", more), "one", "0.2.0")
			if text := fileOf(c, tt.at+"/Cargo.toml"); text != "" {
				t.Errorf("it is changed to %q", text)
			}
			said := strings.Join(c.Notes, "\n")
			if !strings.Contains(said, tt.note) || tt.note == "" && strings.Contains(said, tt.at+"/Cargo.toml") {
				t.Errorf("the notes are %q, expected %q", said, tt.note)
			}
		})
	}
}

// TestOthersAbove checks a package of the repository beside the workspace's directory.
func TestOthersAbove(t *testing.T) {
	files := map[string]string{"fuzz/Cargo.toml": other("[workspace]\n[dependencies]\none = { path = \"../rust/one\", version = \"0.1\" }"), "fuzz/src/lib.rs": ""}
	for name, content := range besides("0.1", "", nil) {
		files[path.Join("rust", name)] = content
	}
	dir := lay(t, files)
	fsys, err := sourcefs.OpenBelow(t.Context(), dir, "rust")
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(w, fsys, Request{Crate: "one", Version: "0.2.0", Date: day})
	if err != nil {
		t.Fatal(err)
	}
	if got := fileOf(c, "../fuzz/Cargo.toml"); !strings.Contains(got, `version = "0.2.0" }`) {
		t.Errorf("it has %q, and the notes are %q", got, c.Notes)
	}
	if err := c.Write(dir, "rust"); err != nil {
		t.Error(err)
	}
	runCargo(t, path.Join(dir, "fuzz"), "metadata")
}

// TestLeftRequirement checks that a requirement which only its author can change is told, and that
// the rest is done.
func TestLeftRequirement(t *testing.T) {
	for asked, want := range map[string]string{
		">=0.1, <0.2":  `"two/Cargo.toml" line 7: dependency "one": requirement ">=0.1, <0.2" rules out 0.2.0: write a range that allows both it and the version now, or "0.2.0". Until then cargo refuses the workspace.`,
		"<0.2.0":       `requirement "<0.2.0" rules out 0.2.0: write`,
		"0.1.0, 0.1.0": `requirement "0.1.0, 0.1.0" rules out 0.2.0`,
		"0.1.0 beta":   `requirement "0.1.0 beta": cargo cannot read it: write the crate's version`,
	} {
		c := mustPrepare(t, besides(asked, "", nil), "one", "0.2.0")
		if said := strings.Join(c.Notes, "\n"); !strings.Contains(said, want) {
			t.Errorf("%s: the notes are %q", asked, said)
		}
		if fileOf(c, "two/Cargo.toml") != "" || !strings.Contains(fileOf(c, "one/Cargo.toml"), `version = "0.2.0"`) || !strings.Contains(fileOf(c, "Cargo.lock"), `version = "0.2.0"`) {
			t.Errorf("%s: it changes\n%s", asked, c.Diff())
		}
	}
	files := workspaceText(t, "inherited")
	files["Cargo.toml"] = strings.Replace(files["Cargo.toml"], `app = { version = "0.4.0"`, `app = { version = "<=0.4"`, 1)
	c := mustPrepare(t, files, "app", "0.5.0")
	if said := strings.Join(c.Notes, "\n"); !strings.Contains(said, `"Cargo.toml" line 10: dependency "app": requirement "<=0.4" rules out 0.5.0`) {
		t.Errorf("inherited: the notes are %q", said)
	}
}
