package rustdist

import (
	"fmt"
	"slices"
	"strings"
)

// published is where manifests say that files are, whoever serves them; clients replace it
// by RUSTUP_DIST_SERVER.
const published = "https://static.rust-lang.org"

// manifest returns the channel manifest of a release, version 2, as described in rustup's
// developer guide ("Channel manifests") and written by Rust's tool build-manifest.
//
// It differs from a published one in what there is: one host, three targets, eight
// components, and no tarball of all of them (a package rust without url), which rustup does
// not fetch.
func (p *pack) manifest() string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	line("manifest-version = %q\ndate = %q", "2", p.Release.Date)
	for i, a := range p.Artifacts {
		c := a.Component
		if i == 0 || p.Artifacts[i-1].Component.Package != c.Package {
			line("\n[pkg.%s]\nversion = %q\ngit_commit_hash = %q", c.Package, a.Version, p.Release.commitOf(c.Package))
		}
		line("\n[pkg.%s.target.%s]\navailable = true", c.Package, key(c.Target))
		line("url = %q\nhash = %q", p.url(a.GZ), a.GZHash)
		line("xz_url = %q\nxz_hash = %q", p.url(a.XZ), a.XZHash)
	}
	line("\n[pkg.rust]\nversion = %q\ngit_commit_hash = %q", p.Release.of("rust"), p.Release.Commit)
	line("\n[pkg.rust.target.%s]\navailable = true", host)
	for _, a := range p.Artifacts {
		list := "extensions"
		if slices.Contains(always, a.Component.Package) && a.Component.Target == host {
			list = "components"
		}
		line("\n[[pkg.rust.target.%s.%s]]\npkg = %q\ntarget = %q", host, list, a.Component.Package, a.Component.Target)
	}
	line("\n[renames.clippy]\nto = %q\n\n[renames.rustfmt]\nto = %q", "clippy-preview", "rustfmt-preview")
	line("\n[profiles]\nminimal = [%s]", quoted(always))
	standard := quoted(append(slices.Clone(always), "rustfmt-preview", "clippy-preview"))
	line("default = [%s]\ncomplete = [%s, %q]", standard, standard, "rust-src")
	return b.String()
}

// always are the packages that a toolchain cannot be without.
var always = []string{"rustc", "cargo", "rust-std"}

func (p *pack) url(file string) string { return published + "/dist/" + p.Release.Date + "/" + file }

// key returns a target as a key of TOML, which must be quoted where it is "*".
func key(target string) string {
	if target == "*" {
		return `"*"`
	}
	return target
}

func quoted(names []string) string {
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf("%q", name))
	}
	return strings.Join(list, ", ")
}
