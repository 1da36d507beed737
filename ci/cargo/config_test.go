package cargo

import (
	"slices"
	"strings"
	"testing"
)

func TestConfigKeeps(t *testing.T) {
	tests := []struct {
		name, in, kept string
		dropped        []string
	}{
		{"profile", "[profile.release]\nstrip = true\n", "[profile]\n[profile.release]\nstrip = true\n", nil},
		{"environment", "[env]\nRUST_LOG = \"info\"\nVERGEN = { value = \"1\", force = true }\n", "[env]\nRUST_LOG = \"info\"\n[env.VERGEN]\nforce = true\nvalue = \"1\"\n", nil},
		{"rustflags", "[build]\nrustflags = [\"-Ctarget-cpu=x86-64-v2\", \"--cfg\", \"tokio_unstable\"]\n", "[build]\nrustflags = [\"-Ctarget-cpu=x86-64-v2\", \"--cfg\", \"tokio_unstable\"]\n", nil},
		{"rustflags as a string", "[build]\nrustflags = \"-C target-cpu=native\"\n", "[build]\nrustflags = \"-C target-cpu=native\"\n", nil},
		{"a target's rustflags", "[target.'cfg(unix)']\nrustflags = [\"-Clink-arg=-s\"]\n", "[target]\n[target.\"cfg(unix)\"]\nrustflags = [\"-Clink-arg=-s\"]\n", nil},
		{"registries", "[registries.ours]\nindex = \"sparse+https://x.invalid/\"\n[net]\nretry = 5\n", "[net]\nretry = 5\n[registries]\n[registries.ours]\nindex = \"sparse+https://x.invalid/\"\n", nil},
		{
			"the machine's build settings",
			"[build]\njobs = 2\ntarget = \"wasm32-wasip1\"\ntarget-dir = \"/x\"\nrustdoc = \"./r\"\nrustdocflags = [\"--cfg\", \"docsrs\"]\n",
			"[build]\nrustdocflags = [\"--cfg\", \"docsrs\"]\n",
			[]string{"build.jobs", "build.rustdoc", "build.target", "build.target-dir"},
		},
		{
			"linkers and runners of every target, the host's too",
			"[target.x86_64-unknown-linux-gnu]\nlinker = \"l\"\nrunner = \"r\"\n[target.x86_64-unknown-linux-musl]\nlinker = \"l\"\nrunner = [\"r\", \"-x\"]\nar = \"a\"\n[target.'cfg(unix)']\nrunner = \"r\"\nrustflags = [\"-g\"]\n",
			"[target]\n[target.\"cfg(unix)\"]\nrustflags = [\"-g\"]\n",
			[]string{"target.cfg(unix).runner", "target.x86_64-unknown-linux-gnu.linker", "target.x86_64-unknown-linux-gnu.runner", "target.x86_64-unknown-linux-musl.ar", "target.x86_64-unknown-linux-musl.linker", "target.x86_64-unknown-linux-musl.runner"},
		},
		{
			"result of a build script", "[target.x86_64-unknown-linux-musl.z]\nrustc-link-lib = [\"z\"]\n", "",
			[]string{"target.x86_64-unknown-linux-musl.z"},
		},
		{"aliases and the terminal", "[alias]\nb = \"build\"\n[term]\nverbose = true\n[http]\nproxy = \"p\"\n[install]\nroot = \"/\"\n", "", []string{"http", "install"}},
		{"host and credential aliases", "[host]\nlinker = \"l\"\n[credential-alias]\nx = [\"y\"]\n", "", []string{"credential-alias", "host"}},
		{"table that is none", "profile = 3\n", "", []string{"profile"}},
		{"nothing", "", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := read(t, map[string]string{"Cargo.toml": pkg("a"), ".cargo/config.toml": tt.in}).Config
			if got := strings.ReplaceAll(strings.ReplaceAll(c.Text, "  ", ""), "\n\n", "\n"); got != tt.kept {
				t.Errorf("kept\n%s\nwant\n%s", got, tt.kept)
			}
			if !slices.Equal(c.Dropped, tt.dropped) {
				t.Errorf("dropped %q, want %q", c.Dropped, tt.dropped)
			}
		})
	}
}

func TestConfigRefuses(t *testing.T) {
	const linker, compiler = "it replaces the linker", "it replaces the compiler"
	tests := []struct{ in, key, why string }{
		{"[source.crates-io]\nreplace-with = \"x\"", `"source"`, "it replaces the sources that Cargo.lock names"},
		{"paths = [\"x\"]", `"paths"`, "it overrides dependencies with local directories"},
		{"[patch.crates-io]\na = { path = \"x\" }", `"patch"`, "move it to Cargo.toml"},
		{"include = \"x.toml\"", "`include`", `names "x.toml", which is not in the source`},
		{"include = [\"/etc/x.toml\"]", "`include`", "expected a relative path that ends in .toml"},
		{"include = [{ path = \"x\", optional = true }]", "`include`", "expected a relative path that ends in .toml"},
		{"include = [3]", "`include`", "expected a relative path that ends in .toml"},
		{"include = [\"config.toml\"]", "`include`", "leads to more than 64 files"},
		{"[build]\nrustc = \"x\"", `"build.rustc"`, compiler},
		{"[build]\nrustc-wrapper = \"sccache\"", `"build.rustc-wrapper"`, compiler},
		{"[build]\nrustc-workspace-wrapper = \"x\"", `"build.rustc-workspace-wrapper"`, compiler},
		{"[registry]\ncredential-provider = \"x\"", `"registry.credential-provider"`, "it runs a program to fetch credentials"},
		{"[registry]\nglobal-credential-providers = [\"x\"]", `"registry.global-credential-providers"`, "it runs programs to fetch credentials"},
		{"[registry]\ntoken = \"x\"", `"registry.token"`, "a token does not belong in a repository"},
		{"[registries.ours]\ntoken = \"x\"", `"registries.ours.token"`, "credentials do not belong in a repository"},
		{"[registries.ours]\ncredential-provider = [\"x\"]", `"registries.ours.credential-provider"`, "credentials do not belong in a repository"},
		{"[registries.ours]\nsecret-key = \"x\"", `"registries.ours.secret-key"`, "credentials do not belong in a repository"},
		{"[registry]\nsecret-key = \"x\"", `"registry.secret-key"`, "a key does not belong in a repository"},
		{"[registry]\nindex = \"sparse+https://x.example/\"", `"registry.index"`, "it replaces crates.io"},
		{"[registries.crates-io]\nindex = \"sparse+https://x.example/\"", `"registries.crates-io.index"`, "it replaces crates.io"},
		{"[registries.crates_io]\nindex = \"x\"", `"crates-io" and "crates_io"`, "CARGO_REGISTRIES_CRATES_IO_TOKEN"},
		{"[registries.Crates-IO]\nindex = \"x\"", `"crates-io" and "Crates-IO"`, "CARGO_REGISTRIES_CRATES_IO_TOKEN"},
		{"[registries.a-b]\nindex = \"x\"\n[registries.a_b]\nindex = \"y\"", `"a-b" and "a_b"`, "rename one"},
		{"[registries.a]\nindex = \"x\"\n[registries.A]\nindex = \"y\"", `"A" and "a"`, "rename one"},
		{"[registries.\"\"]\nindex = \"x\"", `registry name ""`, "expected ASCII letters"},
		{"[registries.\"a.b\"]\nindex = \"x\"", `registry name "a.b"`, "expected ASCII letters"},
		{"[registries.\"a\\u0000\"]\nindex = \"x\"", `registry name "a\x00"`, "expected ASCII letters"},
		{"[registries.\"A_TOKEN=x\"]\nindex = \"x\"", `registry name "A_TOKEN=x"`, "expected ASCII letters"},
		{"[registries]\na = \"x\"", `"registries.a"`, "expected a table"},

		{"[build]\nrustflags = [\"-Clinker=x\"]", `"-Clinker=x" in "build.rustflags"`, linker},
		{"[build]\nrustflags = [\"-C\", \"linker=x\"]", `"-C" in "build.rustflags"`, linker},
		{"[build]\nrustflags = \"-g -C linker=x\"", `"-C" in "build.rustflags"`, linker},
		{"[build]\nrustflags = \"-Clinker=x\"", `"-Clinker=x" in "build.rustflags"`, linker},
		{"[build]\nrustflags = [\"-gOClinker=x\"]", `"-gOClinker=x"`, linker},
		{"[build]\nrustflags = [\"--codegen\", \"linker=x\"]", `"--codegen"`, linker},
		{"[build]\nrustflags = [\"--codegen=linker=x\"]", `"--codegen=linker=x"`, linker},
		{"[build]\nrustflags = [\"-Clinker_flavor=ld\"]", `"-Clinker_flavor=ld"`, linker},
		{"[build]\nrustflags = [\"-Clink-arg=-fuse-ld=mold\"]", `"-Clink-arg=-fuse-ld=mold"`, linker},
		{"[build]\nrustflags = [\"-Clink-args=-s -B/opt\"]", `"-Clink-args=-s -B/opt"`, linker},
		{"[build]\nrustflags = [\"-C\", \"link-arg=--ld-path=/x\"]", `"-C"`, linker},
		{"[build]\nrustflags = [\"--sysroot\", \"/x\"]", `"--sysroot"`, "it replaces the standard library"},
		{"[build]\nrustflags = [\"--sysroot=/x\"]", `"--sysroot=/x"`, "it replaces the standard library"},
		{"[build]\nrustflags = [\"-Zcodegen-backend=/x.so\"]", `"-Zcodegen-backend=/x.so"`, "it replaces a part of the compiler"},
		{"[build]\nrustflags = \"-Z codegen_backend=/x.so\"", `"-Z"`, "it replaces a part of the compiler"},
		{"[build]\nrustflags = [\"@flags.txt\"]", `"@flags.txt"`, "it takes further flags from a file"},
		{"[build]\nrustdocflags = [\"-Clinker=x\"]", `"build.rustdocflags"`, linker},
		{"[target.x86_64-unknown-linux-musl]\nrustflags = [\"-Clinker=x\"]", `"target.x86_64-unknown-linux-musl.rustflags"`, linker},
		{"[target.'cfg(unix)']\nrustflags = \"-C linker=x\"", `"target.cfg(unix).rustflags"`, linker},
		{"[profile.release]\nrustflags = [\"-Clinker=x\"]", `"profile.release.rustflags"`, linker},
		{"[build]\nrustflags = [3]", `"build.rustflags" holds 3`, "expected strings"},
		{"[build]\nrustflags = true", `"build.rustflags" is bool`, "expected a string or a list of strings"},
	}
	for _, key := range []string{"CARGO", "CARGO_HOME", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "CARGO_TARGET_DIR", "CARGO_BUILD_RUSTC", "CARGO_PROFILE_RELEASE_LTO", "CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "CARGO_ENCODED_RUSTFLAGS"} {
		tests = append(tests, struct{ in, key, why string }{"[env]\n" + key + " = \"x\"", `"env.` + key + `"`, "it changes how cargo builds"})
	}
	for _, key := range []string{"RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_BOOTSTRAP", "RUSTDOC", "RUSTUP_TOOLCHAIN", "RUST_TARGET_PATH"} {
		tests = append(tests, struct{ in, key, why string }{"[env." + key + "]\nvalue = \"x\"\nforce = true", `"env.` + key + `"`, compiler})
	}
	for _, key := range []string{"RUSTFLAGS", "RUSTDOCFLAGS"} {
		tests = append(tests, struct{ in, key, why string }{"[env]\n" + key + " = \"x\"", `"env.` + key + `"`, "write them to `build.rustflags`"})
	}
	for _, key := range []string{"PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH"} {
		tests = append(tests, struct{ in, key, why string }{"[env]\n" + key + " = \"x\"", `"env.` + key + `"`, "it changes which programs and libraries run"})
	}
	for _, key := range []string{"CC", "CXX", "AR", "LD", "CC_x86_64_unknown_linux_musl", "CC_x86_64-unknown-linux-musl", "HOST_CC", "TARGET_AR", "RANLIB", "NVCC", "CMAKE", "PKG_CONFIG"} {
		tests = append(tests, struct{ in, key, why string }{"[env]\n" + key + " = \"x\"", `"env.` + key + `"`, "it replaces a compiler of build scripts"})
	}
	for _, key := range []string{"CPATH", "LIBRARY_PATH", "GCC_EXEC_PREFIX"} {
		tests = append(tests, struct{ in, key, why string }{"[env]\n" + key + " = \"x\"", `"env.` + key + `"`, "where the C compiler finds its parts"})
	}
	for _, key := range []string{"HTTPS_PROXY", "http_proxy", "SSL_CERT_FILE", "GIT_SSH_COMMAND"} {
		tests = append(tests, struct{ in, key, why string }{"[env]\n" + key + " = \"x\"", `"env.` + key + `"`, "it changes where sources come from"})
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			w := read(t, map[string]string{"Cargo.toml": pkg("a"), "Cargo.lock": locked([]string{"a"}), ".cargo/config.toml": tt.in})
			wantError(t, stoppingError(w, crate(t, w, "a")), ".cargo/config.toml:", tt.key, tt.why)
			if strings.Contains(w.Config.Text, "codegen-backend") || strings.Contains(w.Config.Text, "linker") {
				t.Errorf("it is kept:\n%s", w.Config.Text)
			}
		})
	}
}

func TestConfigKeepsVariables(t *testing.T) {
	for _, key := range []string{"RUST_LOG", "RUST_BACKTRACE", "RUST_MIN_STACK", "CFLAGS", "CXXFLAGS_x86_64_unknown_linux_musl", "OPENSSL_STATIC", "PKG_CONFIG_ALLOW_CROSS", "CMAKE_GENERATOR", "ACCOUNT", "ARCH", "ASAN_OPTIONS", "PROTOC", "CCACHE"} {
		if why := refusedVariable(key); why != "" {
			t.Errorf("%s is refused: %s", key, why)
		}
	}
}

func TestConfigFiles(t *testing.T) {
	in := map[string]string{
		"Cargo.toml":   "[workspace]\nmembers = [\"a\", \"b\"]",
		"a/Cargo.toml": pkg("a"), "b/Cargo.toml": pkg("b"),
		"a/.cargo/config.toml": "[source.crates-io]\nreplace-with = \"x\"",
		"b/.cargo/config":      "[build]\nrustc = \"x\"",
		".cargo/config":        "[profile.release]\nlto = true",
		".cargo/config.toml":   "[build]\nrustc = \"x\"",
	}
	c := read(t, in).Config
	if want := []string{"a/.cargo/config.toml", "b/.cargo/config"}; !slices.Equal(c.Dropped, want) || !strings.Contains(c.Text, "lto = true") {
		t.Errorf("dropped %q, kept %q", c.Dropped, c.Text)
	}
	delete(in, ".cargo/config")
	if found := read(t, in).Config.Findings(nil); len(found) != 1 || found[0].Line != 2 || !strings.Contains(found[0].What, `"build.rustc"`) {
		t.Errorf("%q", found.Lines())
	}
	in[".cargo/config.toml"] = "["
	_, err := Read(files(in))
	wantError(t, err, `reading ".cargo/config.toml"`, "line 1")
}

// TestConfigVariables checks that variables that do not affect the build are kept, whatever they
// are called.
func TestConfigVariables(t *testing.T) {
	for _, line := range []string{
		`CARGO_WORKSPACE_DIR = { value = "", relative = true }`, `CARGO_WORKSPACE_ROOT = "x"`, `CARGO_RUSTC_CURRENT_DIR = { value = "", relative = true }`, `CARGO_MANIFEST_ROOT = "x"`,
		`CARGO_TARGETS = "a"`, `GIT_HASH = "abc"`, `GIT_COMMIT = "abc"`, `MY_PROXY = "x"`, `AS_USER = "x"`, `LDAP_URL = "x"`, `CC_MODE = "x"`, `TZ = "UTC"`,
	} {
		w := read(t, map[string]string{"Cargo.toml": pkg("a"), "Cargo.lock": locked([]string{"a"}), ".cargo/config.toml": "[env]\n" + line})
		key, _, _ := strings.Cut(line, " ")
		if found := w.Config.Findings(nil); len(found) > 0 || !strings.Contains(w.Config.Text, key) {
			t.Errorf("%s: it is kept as %q, with %q", line, w.Config.Text, found.Lines())
		}
	}
}
