package cargo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

func TestAccepts(t *testing.T) {
	tests := []struct {
		channel, release string
		want             bool
	}{
		{"", "1.96.0", true},
		{"", "1.97.0-nightly", true},
		{"stable", "1.96.0", true},
		{"stable", "1.97.0-beta.3", false},
		{"stable", "1.97.0-nightly", false},
		{"stable-2026-01-01", "1.96.0", false},
		{"beta", "1.97.0-beta.3", true},
		{"beta", "1.97.0", false},
		{"beta", "1.97.0-nightly", false},
		{"nightly", "1.98.0-nightly", true},
		{"nightly", "1.98.0", false},
		{"nightly-2026-01-01", "1.98.0-nightly", false},
		{"1.96", "1.96.0", true},
		{"1.96", "1.96.3", true},
		{"1.96", "1.960.0", false},
		{"1.96", "1.97.0", false},
		{"1.96", "1.96.0-nightly", false},
		{"1.96.0", "1.96.0", true},
		{"1.96.0", "1.96.1", false},
		{"1.96.1", "1.96.10", false},
		{"1.9", "1.96.0", false},
		{"1.96.0", "", false},
	}
	for _, tt := range tests {
		if got := (Toolchain{Channel: tt.channel}).Accepts(tt.release); got != tt.want {
			t.Errorf("channel %q accepts %q: %t", tt.channel, tt.release, got)
		}
	}
}

func TestReadToolchain(t *testing.T) {
	tests := []struct {
		name string
		in   map[string]string
		want string
	}{
		{"none", nil, ""},
		{"file", map[string]string{"rust-toolchain.toml": "[toolchain]\nchannel = \"1.96.0\"\ncomponents = [\"clippy\"]\n"}, "1.96.0"},
		{"without a channel", map[string]string{"rust-toolchain.toml": "[toolchain]\ncomponents = [\"clippy\"]\n"}, ""},
		{"legacy", map[string]string{"rust-toolchain": "1.95.0\n"}, "1.95.0"},
		{"legacy name, new form", map[string]string{"rust-toolchain": "[toolchain]\nchannel = \"beta\"\n"}, "beta"},
		{"both: rustup prefers the older name", map[string]string{"rust-toolchain": "1.95.0", "rust-toolchain.toml": "[toolchain]\nchannel = \"1.96.0\"\n"}, "1.95.0"},
		{"dated", map[string]string{"rust-toolchain": "nightly-2026-01-01"}, "nightly-2026-01-01"},
		{"empty", map[string]string{"rust-toolchain": "\n"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := map[string]string{"Cargo.toml": pkg("a")}
			for k, v := range tt.in {
				in[k] = v
			}
			if got := read(t, in).Toolchain.Channel; got != tt.want {
				t.Errorf("channel %q, want %q", got, tt.want)
			}
		})
	}
}

// TestToolchainOfOneMachine checks that a toolchain that rustup cannot install is reported with
// its file and line, and stops a release but not a dry run.
func TestToolchainOfOneMachine(t *testing.T) {
	for name, tt := range map[string]struct{ file, in, want string }{
		"a directory":           {"rust-toolchain.toml", "[toolchain]\npath = \"/opt/rust\"", `toolchain path "/opt/rust" is on one machine only`},
		"a directory, old name": {"rust-toolchain", "[toolchain]\npath = \"x\"", `toolchain path "x" is on one machine only`},
		"a name of its own":     {"rust-toolchain.toml", "[toolchain]\nchannel = \"esp\"", `channel "esp" is not supported: expected a version`},
		"with a host":           {"rust-toolchain", "1.96.0-x86_64-unknown-linux-gnu", `channel "1.96.0-x86_64-unknown-linux-gnu" is not supported`},
		"a part of a version":   {"rust-toolchain", "1", `channel "1" is not supported`},
		"option":                {"rust-toolchain", "--x", `channel "--x" is not supported`},
		"shell":                 {"rust-toolchain", "stable; id", `channel "stable; id" is not supported`},
		"control characters":    {"rust-toolchain.toml", "[toolchain]\nchannel = \"a\\u001b[2J\\n::x::\"", `channel "a\x1b[2J\n::x::" is not supported`},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, map[string]string{"Cargo.toml": pkg("a"), "Cargo.lock": locked([]string{"a"}), tt.file: tt.in})
			got := w.Findings(crate(t, w, "a"), false)
			if len(got) != 1 || got[0].Stops != finding.Release || !strings.HasPrefix(got[0].String(), fmt.Sprintf("%s:%d: %s", tt.file, strings.Count(tt.in, "\n")+1, tt.want)) || !strings.Contains(got[0].Do, `channel = "1.96.0"`) {
				t.Errorf("it finds %q", got.Lines())
			}
			if !w.Toolchain.Accepts("1.96.0") {
				t.Error("it asks for another channel too")
			}
		})
	}
}

func TestReadToolchainRefuses(t *testing.T) {
	_, err := Read(files(map[string]string{"Cargo.toml": pkg("a"), "rust-toolchain.toml": "[toolchain"}))
	wantError(t, err, `reading "rust-toolchain.toml"`)
}

// crossText has the forms that cross-rs knows: an image's name, an image as a table, a Dockerfile
// with arguments, a Dockerfile's name.
const crossText = `[build]
default-target = "x86_64-unknown-linux-musl"

[build.env]
passthrough = ["CI"]

[target.x86_64-unknown-linux-musl.dockerfile]
file = "cross/Dockerfile.musl"
build-args = { BASE_IMAGE = "ghcr.io/cross-rs/x86_64-unknown-linux-musl:main", CROSS_SYSROOT = "/usr/local/x86_64-linux-musl" }

[target.aarch64-unknown-linux-musl]
image = "ghcr.io/cross-rs/aarch64-unknown-linux-musl:0.2.5"
pre-build = ["apt-get update"]

[target.aarch64-unknown-linux-musl.env]
passthrough = ["X=1"]

[target.wasm32-wasip1]
image = { name = "example.org/wasm:1", toolchain = ["x86_64-unknown-linux-gnu"] }

[target.x86_64-unknown-linux-gnu]
dockerfile = "./Dockerfile"
`

func TestCross(t *testing.T) {
	cross := read(t, map[string]string{"Cargo.toml": pkg("a"), "Cross.toml": crossText}).Cross
	tests := []struct{ target, image, dockerfile string }{
		{"x86_64-unknown-linux-musl", "", "cross/Dockerfile.musl"},
		{"aarch64-unknown-linux-musl", "ghcr.io/cross-rs/aarch64-unknown-linux-musl:0.2.5", ""},
		{"wasm32-wasip1", "example.org/wasm:1", ""},
		{"x86_64-unknown-linux-gnu", "", "./Dockerfile"},
		{"riscv64gc-unknown-linux-gnu", "", ""},
	}
	for _, tt := range tests {
		if image, file := cross.ImageName(tt.target), cross.Dockerfile(tt.target); image != tt.image || file != tt.dockerfile {
			t.Errorf("%s: image %q, dockerfile %q", tt.target, image, file)
		}
	}
	var known []string
	for target := range cross.Target {
		known = append(known, target)
	}
	if len(known) != 4 || slices.Contains(known, "build") {
		t.Errorf("targets %q", known)
	}
}

func TestCheckStandsFor(t *testing.T) {
	for _, tt := range []struct {
		file, channel string
		want          bool
	}{
		{"", "1.86.0", true},
		{"stable", "1.97.1", true},
		{"1.86", "1.86.2", true},
		{"1.86", "1.860.0", false},
		{"1.86.0", "1.86.0", true},
		{"1.86.0", "1.86.1", false},
		{"nightly", "nightly-2026-05-01", true},
		{"nightly", "beta-2026-05-01", false},
		{"nightly-2026-05-01", "nightly-2026-05-01", true},
		{"nightly-2026-05-01", "nightly-2026-05-02", false},
		{"stable", "nightly-2026-05-01", false},
		{"stable", "1.97", false},
		{"stable", "nightly", false},
		{"stable", "; reboot", false},
	} {
		if err := (Toolchain{Channel: tt.file, file: "rust-toolchain"}).CheckStandsFor(tt.channel); (err == nil) != tt.want {
			t.Errorf("%q for %q: %v", tt.channel, tt.file, err)
		}
	}
}
