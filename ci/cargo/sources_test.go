package cargo

import (
	"strings"
	"testing"
)

const vendoredLock = `version = 4

[[package]]
name = "a"
version = "1.0.0"
dependencies = [
 "log",
]

[[package]]
name = "log"
version = "0.4.1"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "aa"
`

const vendoredConfig = "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n[source.vendored-sources]\ndirectory = \"third_party/vendor\"\n"

// vendored returns a workspace with vendored sources; change replaces files, or removes them if
// "".
func vendored(t *testing.T, change map[string]string) *Workspace {
	t.Helper()
	in := map[string]string{
		"Cargo.toml": pkg("a", published, "[dependencies]\nlog = \"0.4\""), "Cargo.lock": vendoredLock, ".cargo/config.toml": vendoredConfig,
		"third_party/vendor/log/Cargo.toml":           "[package]\nname = \"log\"\nversion = \"0.4.1\"\n",
		"third_party/vendor/log/.cargo-checksum.json": `{"files":{},"package":"aa"}`,
	}
	for name, content := range change {
		if in[name] = content; content == "" {
			delete(in, name)
		}
	}
	return read(t, in)
}

// TestVendored checks that vendored sources are kept and compared with Cargo.lock.
func TestVendored(t *testing.T) {
	const dir = "third_party/vendor/log"
	for name, tt := range map[string]struct {
		change map[string]string
		want   string
	}{
		"as locked":        {nil, ""},
		"with the version": {map[string]string{dir + "/Cargo.toml": "", dir + "/.cargo-checksum.json": "", dir + "-0.4.1/Cargo.toml": "[package]\nname = \"log\"\nversion = \"0.4.1\"\n", dir + "-0.4.1/.cargo-checksum.json": `{"package":"aa"}`}, ""},
		"another checksum": {map[string]string{dir + "/.cargo-checksum.json": `{"package":"bb"}`}, `package log 0.4.1, which Cargo.lock names: "third_party/vendor/log/.cargo-checksum.json" has a different checksum than Cargo.lock`},
		"no checksum":      {map[string]string{dir + "/.cargo-checksum.json": `{"package":null}`}, "has a different checksum than Cargo.lock"},
		"no checksum file": {map[string]string{dir + "/.cargo-checksum.json": ""}, "reading its checksum"},
		"another version":  {map[string]string{dir + "/Cargo.toml": "[package]\nname = \"log\"\nversion = \"0.4.2\"\n"}, "it is missing"},
		"not there":        {map[string]string{dir + "/Cargo.toml": ""}, `it is missing: run "cargo vendor" again`},
	} {
		t.Run(name, func(t *testing.T) {
			w := vendored(t, tt.change)
			a := crate(t, w, "a")
			got := strings.Join(w.Findings(a, true).Lines(), "\n")
			if !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("it finds %q", got)
			}
			if !w.Config.Vendored.Any() || !w.FetchesNothing(a) || !w.Fetches(a) {
				t.Error("it is not taken for vendored")
			}
		})
	}
}

// TestVendoredConfig checks that the kept configuration finds the directory from wherever cargo
// runs.
func TestVendoredConfig(t *testing.T) {
	w := vendored(t, map[string]string{".cargo/config.toml": vendoredConfig + "[profile.release]\nlto = true\n[env]\nTOP = { value = \"\", relative = true }\nDATA = { value = \"a/data\", relative = true, force = true }\nPLAIN = \"a\"\nFLAG = { value = \"a\" }\n"})
	at, err1 := w.Config.At("../src")
	online, err2 := w.Config.WithoutSources("../src")
	if !strings.Contains(at, `directory = "../src/third_party/vendor"`) || !strings.Contains(at, "lto = true") || err1 != nil {
		t.Errorf("from elsewhere it is %q, %v", at, err1)
	}
	if strings.Contains(online, "source") || !strings.Contains(online, "lto = true") || err2 != nil {
		t.Errorf("without sources it is %q, %v", online, err2)
	}
	for _, text := range []string{at, online} {
		for _, want := range []string{"value = \"../src\"", "value = \"../src/a/data\"", "PLAIN = \"a\"", "value = \"a\""} {
			if !strings.Contains(text, want) {
				t.Errorf("from elsewhere it does not have %s:\n%s", want, text)
			}
		}
	}
	if !strings.Contains(w.Config.Text, `directory = "third_party/vendor"`) {
		t.Errorf("at the root it is %q", w.Config.Text)
	}
}

// TestVendoredElsewhere checks that sources may only be replaced by a directory of the workspace.
func TestVendoredElsewhere(t *testing.T) {
	for name, config := range map[string]string{
		"a mirror":            "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+https://mirror.example.org/\"\n",
		"outside":             strings.Replace(vendoredConfig, "third_party", "../third_party", 1),
		"absolute":            strings.Replace(vendoredConfig, "third_party", "/third_party", 1),
		"a local registry":    "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nlocal-registry = \"registry\"\n",
		"itself":              "[source.crates-io]\nreplace-with = \"crates-io\"\n",
		"nothing":             "[source.crates-io]\nreplace-with = \"absent\"\n",
		"a mirror on the way": vendoredConfig + "[source.\"git+https://example.org/x\"]\ngit = \"https://example.org/x\"\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"https://mirror.example.org\"\n",
	} {
		w := vendored(t, map[string]string{".cargo/config.toml": config})
		if got := strings.Join(w.Findings(crate(t, w, "a"), true).Lines(), "\n"); !strings.Contains(got, "is not allowed in a release") || w.Config.Vendored.Any() || strings.Contains(w.Config.Text, "source") {
			t.Errorf("%s: it finds %q, and keeps %q", name, got, w.Config.Text)
		}
	}
}
