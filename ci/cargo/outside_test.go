package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/sourcefs"
)

const member = "[package]\nname = \"%s\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"d\"\nlicense = \"MIT\"\n"

// onDisk writes a workspace with a member "inside" next to a crate "outside" that is not part of
// it, and returns its directory.
func onDisk(t *testing.T, root string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "workspace")
	writeFiles(t, dir, map[string]string{
		"Cargo.toml": root, "Cargo.lock": "version = 4\n\n[[package]]\nname = \"inside\"\nversion = \"0.1.0\"\n",
		"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside"), "crates/inside/src/lib.rs": "\n", "crates/inside/CHANGELOG.md": "# Changelog\n",
		"../outside/Cargo.toml": fmt.Sprintf(member, "outside"), "../outside/src/lib.rs": "", "../secret": "secret",
	})
	return dir
}

// firstErrorOfDir reads a workspace on disk as planning does and returns the first error.
func firstErrorOfDir(t *testing.T, dir string) error {
	t.Helper()
	files, err := sourcefs.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	ended := make(chan error, 1)
	go func() {
		w, err := Read(files)
		if err != nil {
			ended <- err
			return
		}
		c, err := w.Crate("inside")
		if err == nil {
			err = stoppingError(w, c)
		}
		for _, u := range w.unread {
			err = errors.Join(err, u.err)
		}
		if err == nil {
			err = readChangelogs(w, c)
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("reading the workspace does not end")
		return nil
	}
}

// TestOutside checks that nothing outside the workspace root is read, whichever way a manifest or
// a link leads there.
func TestOutside(t *testing.T) {
	const list = "[workspace]\nmembers = [\"crates/*\"]\n"
	tests := map[string]struct {
		root  string
		links map[string]string // name to target
		files map[string]string
		want  string
	}{
		"nothing":                            {root: list},
		"a member that is a link":            {root: "[workspace]\nmembers = [\"crates/inside\", \"linked\"]\n", links: map[string]string{"linked": "../outside"}, want: "linked/Cargo.toml"},
		"a member that a glob finds":         {root: list, links: map[string]string{"crates/linked": "../../outside"}, want: "crates/linked/Cargo.toml"},
		"a member below a link":              {root: "[workspace]\nmembers = [\"crates/inside\", \"up/outside\"]\n", links: map[string]string{"up": ".."}, want: "up/outside/Cargo.toml"},
		"a glob below a link":                {root: "[workspace]\nmembers = [\"crates/inside\", \"up/*\"]\n", links: map[string]string{"up": ".."}, want: "up"},
		"a link to a link":                   {root: list, links: map[string]string{"crates/linked": "../one", "one": "two", "two": "../outside"}, want: "crates/linked/Cargo.toml"},
		"a manifest that is a link":          {root: list, links: map[string]string{"crates/other/Cargo.toml": "../../../outside/Cargo.toml"}, want: "crates/other/Cargo.toml"},
		"a path dependency through a link":   {root: list, links: map[string]string{"dep": "../outside"}, files: map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "[dependencies]\noutside = { path = \"../../dep\" }\n"}, want: "dep/Cargo.toml"},
		"the lock file":                      {root: list, links: map[string]string{"Cargo.lock": "../secret"}, want: "Cargo.lock"},
		"the toolchain file":                 {root: list, links: map[string]string{"rust-toolchain": "../secret"}, want: "rust-toolchain"},
		"cargo's configuration":              {root: list, links: map[string]string{".cargo": "../outside"}, want: ".cargo/config"},
		"cross's configuration":              {root: list, links: map[string]string{"Cross.toml": "/etc/passwd"}, want: "Cross.toml"},
		"the changelog":                      {root: list, links: map[string]string{"crates/inside/CHANGELOG.md": "../../../secret"}, want: "CHANGELOG.md"},
		"the workspace's changelog":          {root: list, links: map[string]string{"CHANGELOG.md": "../secret"}, want: "CHANGELOG.md"},
		"a changelog by a setting":           {root: list + "[workspace.metadata.slipway]\nchangelog = \"../secret\"\n", want: "../secret"},
		"an absolute changelog":              {root: list, files: map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "[package.metadata.slipway]\nchangelog = \"/etc/passwd\"\n"}, want: "/etc/passwd"},
		"a changelog by a crate's setting":   {root: list, files: map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "[package.metadata.slipway]\nchangelog = \"../../../secret\"\n"}, want: "../secret"},
		"a source file":                      {root: list, links: map[string]string{"crates/inside/src/x.rs": "/proc/self/environ"}, want: "src/x.rs"},
		"a source file through another link": {root: list, links: map[string]string{"crates/inside/src/x.rs": "../../../up/secret", "up": ".."}, want: "src/x.rs"},
		"the library":                        {root: list, links: map[string]string{"crates/inside/src/lib.rs": "../../../../secret"}, want: "src/lib.rs"},
		"a build script by its path":         {root: list, files: map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "build = \"../../../secret\"\n"}, want: "`build`"},
		"an absolute build script":           {root: list, files: map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "build = \"/etc/passwd\"\n"}, want: "`build`"},
		"a test by its path":                 {root: list, files: map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "[[test]]\nname = \"t\"\npath = \"/etc/passwd\"\n"}, want: `target "t"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := onDisk(t, tt.root)
			writeFiles(t, dir, tt.files)
			for at, to := range tt.links {
				at = filepath.Join(dir, at)
				if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.RemoveAll(at), os.Symlink(to, at)); err != nil {
					t.Fatal(err)
				}
			}
			err := firstErrorOfDir(t, dir)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "outside the workspace") {
				t.Errorf("the error is %v, expected %q and that it is outside", err, tt.want)
			}
		})
	}
}

// TestFIFO checks that a FIFO without a writer is refused wherever a file is read.
func TestFIFO(t *testing.T) {
	for _, name := range []string{
		"Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "Cross.toml", ".cargo/config", ".cargo/config.toml",
		"crates/inside/Cargo.toml", "crates/other/Cargo.toml", "crates/inside/CHANGELOG.md",
	} {
		for _, linked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by a link: %t", name, linked), func(t *testing.T) {
				dir := onDisk(t, "[workspace]\nmembers = [\"crates/*\"]\n")
				at := filepath.Join(dir, name)
				err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.RemoveAll(at))
				if linked {
					err = errors.Join(err, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644), os.Symlink(strings.Repeat("../", strings.Count(name, "/"))+"fifo", at))
				} else {
					err = errors.Join(err, syscall.Mkfifo(at, 0o644))
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := firstErrorOfDir(t, dir); !errors.Is(err, sourcefs.ErrNotRegular) || !strings.Contains(err.Error(), name) {
					t.Errorf("the error is %v", err)
				}
			})
		}
	}
}

// TestGlobs checks that patterns are expanded within limits, even with links that form cycles,
// and otherwise as cargo expands them.
func TestGlobs(t *testing.T) {
	dir := onDisk(t, "[workspace]\n")
	for i := range 12 {
		if err := os.Symlink(".", filepath.Join(dir, fmt.Sprintf("loop%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	files, err := sourcefs.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for pattern, want := range map[string]string{
		"crates/*": "crates/inside", "*/inside": "crates/inside", "crat?s/[a-j]nside": "crates/inside", "**/inside": "crates/inside", "none/*": "", "Cargo.toml/*": "",
	} {
		found, err := globDirs(files, pattern)
		// the links lead back to the same directory, which a bounded pattern may find again
		found = withoutLoops(found)
		if err != nil || strings.Join(found, " ") != want {
			t.Errorf("%q finds %q, %v; expected %q", pattern, found, err, want)
		}
	}
	for _, pattern := range []string{strings.Repeat("*/", 20) + "*", strings.Repeat("loop*/", 30) + "crates", strings.Repeat("a", 5000), strings.Repeat("**/", 2000) + "*"} {
		begin := time.Now()
		if _, err := globDirs(files, pattern); err == nil || !strings.Contains(err.Error(), "more than") && !strings.Contains(err.Error(), "at most") {
			t.Errorf("%.20q: %v", pattern, err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%.20q took %s", pattern, took)
		}
	}
}

func withoutLoops(names []string) []string {
	var list []string
	for _, name := range names {
		if !strings.Contains(name, "loop") {
			list = append(list, name)
		}
	}
	return list
}

// TestTooMany checks the limits on the number of members and the length of their lists.
func TestTooMany(t *testing.T) {
	entries := strings.Repeat("\"crates/inside\", ", maxMembers+1)
	wantError(t, firstErrorOfDir(t, onDisk(t, "[workspace]\nmembers = ["+entries+"]\n")), "`members` and `exclude`", "at most 10000")
	wantError(t, firstErrorOfDir(t, onDisk(t, "[workspace]\nmembers = [\"crates/*\"]\nexclude = ["+entries+"]\n")), "`members` and `exclude`", "at most 10000")
	dir := onDisk(t, "[workspace]\nmembers = [\"crates/*\"]\n")
	writeFiles(t, dir, map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "exclude = [" + strings.Repeat("\"a*\", ", maxRules/64) + "]\n"})
	wantError(t, firstErrorOfDir(t, dir), "crates/inside/Cargo.toml", "patterns of `include` and `exclude`")
	writeFiles(t, dir, map[string]string{"crates/inside/Cargo.toml": fmt.Sprintf(member, "inside") + "exclude = [\"" + strings.Repeat("a", maxPattern+1) + "\"]\n"})
	wantError(t, firstErrorOfDir(t, dir), "crates/inside/Cargo.toml", "a pattern of 4097 bytes")
}

// TestOddNames checks that a name that no file can have is refused, not truncated.
func TestOddNames(t *testing.T) {
	for _, name := range []string{`a\u0000`, `\u0000`, "crates/inside\\u0000/x", "..", "../outside", "/etc"} {
		err := firstErrorOfDir(t, onDisk(t, "[workspace]\nmembers = [\"crates/*\", \""+name+"\"]\n"))
		if err == nil || errors.Is(err, fs.ErrNotExist) || strings.ContainsRune(err.Error(), 0) {
			t.Errorf("member %q: %q", name, fmt.Sprint(err))
		}
	}
}

// TestOutsideMetadata checks that a readme or licence file outside the workspace, directly or
// through a link, is not read and only prevents publishing.
func TestOutsideMetadata(t *testing.T) {
	for name, in := range map[string]map[string]string{
		"a readme":             {"Cargo.toml": "[workspace]\nmembers = [\"a\"]", "a/Cargo.toml": pkg("a", published, "readme = \"../../README.md\"")},
		"an absolute readme":   {"Cargo.toml": "[workspace]\nmembers = [\"a\"]", "a/Cargo.toml": pkg("a", published, "readme = \"/etc/hostname\"")},
		"an inherited licence": {"Cargo.toml": "[workspace]\nmembers = [\"a\"]\n[workspace.package]\nlicense-file = \"../LICENSE\"", "a/Cargo.toml": pkg("a", "description = \"x\"", "license-file.workspace = true")},
		"a readme by a link":   {"Cargo.toml": "[workspace]\nmembers = [\"a\"]", "a/Cargo.toml": pkg("a", published, "readme = \"LINK.md\"")},
	} {
		t.Run(name, func(t *testing.T) {
			in["Cargo.lock"] = locked([]string{"a"})
			fsys := files(in)
			fsys["a/LINK.md"] = &fstest.MapFile{Data: []byte("../../README.md"), Mode: fs.ModeSymlink | 0o777}
			w, err := Read(fsys)
			if err != nil {
				t.Fatal(err)
			}
			c := crate(t, w, "a")
			if found := w.RegistryFindings(c).Stopping(finding.Registry); len(found) == 0 || !strings.Contains(found[0].What, "there is no file") {
				t.Errorf("%q", found.Lines())
			}
			if why := w.Unpackageable(c); why == "" {
				t.Error("it would be packaged")
			}
		})
	}
}
