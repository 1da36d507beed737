package triple

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestMatches(t *testing.T) {
	for name, want := range map[string]string{ // the architectures that it may apply to
		"x86_64-unknown-linux-musl":        "amd64",
		"wasm32-wasip1":                    "wasm",
		"x86_64-pc-windows-msvc":           "",
		"x86_64-unknown-linux-gnu":         "",
		"my-board":                         "",
		"cfg(unix)":                        "amd64 arm64",
		"cfg(windows)":                     "",
		"cfg(not(windows))":                "amd64 arm64 wasm",
		"cfg(target_os = \"macos\")":       "",
		"cfg(target_os=\"linux\")":         "amd64 arm64",
		"cfg( target_arch = \"aarch64\" )": "arm64",
		"cfg(all(target_os = \"linux\", target_env = \"gnu\"))":               "",
		"cfg(all(target_arch = \"wasm32\", not(target_os = \"emscripten\")))": "wasm",
		"cfg(any(target_os = \"macos\", target_arch = \"x86_64\",))":          "amd64",
		"cfg(any(windows, target_vendor = \"apple\"))":                        "",
		"cfg(all())":                        "amd64 arm64 wasm",
		"cfg(any())":                        "",
		"cfg(true)":                         "amd64 arm64 wasm",
		"cfg(false)":                        "",
		"cfg(tokio_unstable)":               "amd64 arm64 wasm", // a flag may set it
		"cfg(target_feature = \"avx2\")":    "amd64 arm64 wasm",
		"cfg(not(feature = \"x\"))":         "amd64 arm64 wasm",
		"cfg(all(windows, tokio_unstable))": "",
		"cfg(any(unix, tokio_unstable))":    "amd64 arm64 wasm",
		"cfg(":                              "amd64 arm64 wasm",
		"cfg(windows":                       "amd64 arm64 wasm",
		"cfg(windows) x":                    "amd64 arm64 wasm",
		"cfg(windows unix)":                 "amd64 arm64 wasm",
		"cfg(not())":                        "amd64 arm64 wasm",
		"cfg(not(windows, unix))":           "amd64 arm64 wasm",
		"cfg(maybe(windows))":               "amd64 arm64 wasm",
		"cfg(target_os = \"macos)":          "amd64 arm64 wasm",
		"cfg(" + strings.Repeat("not(", 1000) + "windows" + strings.Repeat(")", 1001): "amd64 arm64 wasm",
	} {
		var got []string
		for _, target := range All {
			if target.Matches(name) {
				got = append(got, target.Architecture)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%.60s applies to %q, expected %q", name, got, want)
		}
	}
}

// TestCfg compares the table with the compiler.
func TestCfg(t *testing.T) {
	if _, err := exec.LookPath("rustc"); err != nil {
		t.Skip("SKIPPED: no rustc on the PATH to compare with")
	}
	for _, target := range All {
		out, err := exec.Command("rustc", "--print", "cfg", "--target", target.Triple).Output()
		if err != nil {
			t.Skip("SKIPPED: rustc on the PATH does not run")
		}
		var theirs []string
		for _, line := range strings.Fields(string(out)) {
			if name, _, _ := strings.Cut(line, "="); slices.Contains(decided, name) {
				theirs = append(theirs, line)
			}
		}
		if slices.Sort(theirs); !slices.Equal(theirs, target.Cfg) {
			t.Errorf("%s: the compiler has\n%q, the table\n%q", target.Triple, theirs, target.Cfg)
		}
	}
}
