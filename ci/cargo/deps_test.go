package cargo

import (
	"slices"
	"strings"
	"testing"
)

func TestReadDeps(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml": `[workspace]
members = ["m/*"]
[workspace.dependencies]
core = { path = "m/core", version = "1.0.0" }
log = "0.4"
tls = { package = "rustls", version = "0.23" }`,
		"m/core/Cargo.toml": pkg("core"),
		"m/a/Cargo.toml": pkg("a", `[dependencies]
core = { workspace = true, optional = true }
log.workspace = true
tls.workspace = true
rand = "0.8"
rand7 = { package = "rand", version = "0.7" }
ours = { version = "2", registry = "ours" }
pinned = { git = "https://x.invalid/p", rev = "abc" }
tagged = { git = "https://x.invalid/t", tag = "v1", version = "1" }
loose = { git = "https://x.invalid/l", branch = "main" }
[dev-dependencies]
temp = "3"
[dev_dependencies]
older = "1"
[build-dependencies]
cc = "1"
[build_dependencies]
oldcc = "1"
[target.'cfg(unix)'.dependencies]
libc = "0.2"
[target.x86_64-unknown-linux-musl.build-dependencies]
core = { path = "../core" }`),
	})
	var got []string
	for _, d := range crate(t, w, "a").Deps {
		line := []string{string(d.Kind), d.Name}
		for _, f := range []string{d.Req, d.Target, d.Path, d.Git, d.Rev, d.Registry} {
			if f != "" {
				line = append(line, f)
			}
		}
		if d.Optional {
			line = append(line, "optional")
		}
		got = append(got, strings.Join(line, " "))
	}
	want := []string{
		"build cc 1",
		"build core x86_64-unknown-linux-musl m/core",
		"build oldcc 1",
		"dev older 1",
		"dev temp 3",
		"normal core 1.0.0 m/core optional",
		"normal libc 0.2 cfg(unix)",
		"normal log 0.4",
		"normal loose https://x.invalid/l",
		"normal ours 2 ours",
		"normal pinned https://x.invalid/p abc",
		"normal rand 0.7",
		"normal rand 0.8",
		"normal rustls 0.23",
		"normal tagged 1 https://x.invalid/t v1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("dependencies\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
