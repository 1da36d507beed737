package publish

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/registry"
)

// related makes a workspace for a registry: pack-outer depends on pack-inner, and for its
// tests on pack-kit, both with a version, and like pack-inner on a crate from crates.io.
func related(t testing.TB, server *registry.Server) string {
	t.Helper()
	dir := t.TempDir()
	kit.Write(t, fmt.Sprintf(`[workspace]
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
		kit.Write(t, "[package]\nname = \"pack-"+name+"\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n"+lines, at, "Cargo.toml")
		version, _, _ := strings.Cut(strings.TrimPrefix(lines, "version = \""), "\"")
		kit.Write(t, "# Changelog\n\n## ["+version+"] - 2026-01-01\n\n- First.\n", at, "CHANGELOG.md")
		kit.Write(t, "pub fn answer() -> u8 { 42 }\n", at, "src", "lib.rs")
	}
	kit.Write(t, "pub fn text() -> String { itoa::Buffer::new().format(pack_inner::answer()).to_owned() }\n\n#[test]\nfn same() { assert_eq!(pack_kit::answer(), 42) }\n", dir, "crates", "outer", "src", "lib.rs")
	kit.Write(t, "tracked, and hidden\n", dir, "crates", "outer", ".notes")
	kit.Write(t, "/target\n*.key\n", dir, ".gitignore")
	kit.Write(t, "[registry]\ndefault = \""+registry.Name+"\"\n\n"+server.Config(), dir, ".cargo", "config.toml")
	(kit.Command{Args: []string{"cargo", "generate-lockfile"}, Dir: dir}).Run(t).WantCode(t, 0)
	return dir
}

// TestPublishPackages releases crates that depend on each other, one only for its tests,
// and on a crate from crates.io. It checks that the registry's packages have the same files
// as cargo packages in a clean clone, and that another crate builds with them.
func TestPublishPackages(t *testing.T) {
	w, _ := kit.Local(t)
	server := crates.NewRegistry(t, "")
	s := sigstore.Open(t)
	token, err := server.Token("maintainer")
	kit.Check(t, err)
	p := &crates.Services{GitHub: forge.New(t, s, related(t, server)), Registry: server, RegistryToken: token}
	train(t, p, w, "--initial-release", "pack-kit,pack-inner,pack-outer").Run(t).WantCode(t, 0)

	clone := p.Clone(t)
	kit.Write(t, "ignored", clone, "crates", "outer", "secret.key")
	head := kit.Git(t, clone, "rev-parse", "HEAD")
	for name, version := range map[string]string{"pack-kit": "0.2.0+kit.1", "pack-inner": "0.1.0", "pack-outer": "0.1.0"} {
		p.WantCrate(t, name, version)
		raw, err := server.Download(name, version)
		kit.Check(t, err)
		target := t.TempDir()
		(kit.Command{Args: []string{"cargo", "package", "--package", name, "--no-verify"}, Dir: clone, Env: []string{"CARGO_TARGET_DIR=" + target}}).Run(t).WantCode(t, 0)
		want, err := os.ReadFile(filepath.Join(target, "package", name+"-"+version+".crate"))
		kit.Check(t, err)
		crates.WantSameFiles(t, name, crates.Unpack(t, raw), crates.Unpack(t, want))
		if info := crates.Unpack(t, raw)[name+"-"+version+"/.cargo_vcs_info.json"]; !strings.Contains(info, `"sha1": "`+head+`"`) || strings.Contains(info, "dirty") {
			t.Errorf("%s: it says of its repository %q", name, info)
		}
	}
	t.Run("a stranger's crate", func(t *testing.T) {
		dir := t.TempDir()
		kit.Write(t, "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\npack-outer = { version = \"0.1\", registry = \""+registry.Name+"\" }\n", dir, "Cargo.toml")
		kit.Write(t, "fn main() { println!(\"{}\", pack_outer::text()) }\n", dir, "src", "main.rs")
		kit.Write(t, server.Config(), dir, ".cargo", "config.toml")
		got := kit.Command{Args: []string{"cargo", "run", "--quiet"}, Dir: dir, Env: []string{"CARGO_TARGET_DIR=" + t.TempDir()}}.Run(t).WantCode(t, 0)
		if got.Stdout != "42\n" {
			t.Errorf("it says %q", got.Stdout)
		}
	})
	t.Run("other build metadata", func(t *testing.T) {
		before := countChanges(p)
		r := p.Request(t, "pack-kit", "0.2.0+kit.2")
		for _, name := range []string{"crates/kit/Cargo.toml", "crates/kit/CHANGELOG.md", "Cargo.lock"} {
			kit.Write(t, strings.ReplaceAll(kit.Read(t, r.Source, name), "kit.1", "kit.2"), r.Source, name)
		}
		kit.Write(t, strings.ReplaceAll(kit.Read(t, r.Source, "Cargo.toml"), "kit.1", "kit.2"), r.Source, "Cargo.toml")
		kit.Git(t, r.Source, "commit", "--quiet", "--all", "--message", "next")
		kit.Git(t, r.Source, "push", "--quiet", "origin", "HEAD:main")
		w.Release(t, r).WantCode(t, 1).WantError(t, "the registry has version 0.2.0+kit.1", "build metadata is ignored")
		if countChanges(p) != before {
			t.Error("something was changed")
		}
	})
}
