// Package triple is the table of the Rust target triples that slipway builds for. A new target
// is a row here and, where slipway's own image is to build it, a case in the toolchain's recipe.
package triple

import (
	"debug/elf"
	"slices"
	"strings"
)

// The triples, as rustc names them.
const (
	X8664   = "x86_64-unknown-linux-musl"
	AArch64 = "aarch64-unknown-linux-musl"
	Wasm    = "wasm32-wasip1"
)

// Target is what slipway knows about one target.
type Target struct {
	Triple string
	// Name is how the names of released files end before their extension, "" for a target that
	// is built for images alone.
	Name string
	// Machine is the machine of its ELF programs, EM_NONE if its programs are not ELF.
	Machine elf.Machine
	// Architecture is its name in OCI images (a GOARCH value; OCI image specification 1.1,
	// "Image Configuration").
	Architecture string
	// Emulator is the program that runs its tests on the build machine, which is x86_64 Linux; ""
	// if they need none or cannot run.
	Emulator string
	// Host is the triple of a build machine of its architecture, "" if there is none.
	Host string
	// Cfg is what `rustc --print cfg` says about it, as far as the target alone decides it.
	Cfg []string
}

// All are the targets, in the order of plans and releases.
var All = []Target{
	{Triple: X8664, Name: "x86_64-linux-musl", Machine: elf.EM_X86_64, Architecture: "amd64", Host: "x86_64-unknown-linux-gnu", Cfg: muslCfg("x86_64")},
	{Triple: AArch64, Name: "aarch64-linux-musl", Machine: elf.EM_AARCH64, Architecture: "arm64", Emulator: "qemu-aarch64-static", Host: "aarch64-unknown-linux-gnu", Cfg: muslCfg("aarch64")},
	{Triple: Wasm, Architecture: "wasm", Cfg: []string{
		`target_abi=""`, `target_arch="wasm32"`, `target_endian="little"`, `target_env="p1"`, `target_family="wasm"`, `target_os="wasi"`, `target_pointer_width="32"`, `target_vendor="unknown"`,
	}},
}

// muslCfg returns the Cfg of a Linux target with musl.
func muslCfg(arch string) []string {
	return []string{
		`target_abi=""`, `target_arch="` + arch + `"`, `target_endian="little"`, `target_env="musl"`, `target_family="unix"`, `target_os="linux"`, `target_pointer_width="64"`, `target_vendor="unknown"`, "unix",
	}
}

// Find returns the target of a triple, and whether the table has it.
func Find(name string) (Target, bool) {
	i := slices.IndexFunc(All, func(t Target) bool { return t.Triple == name })
	if i < 0 {
		return Target{}, false
	}
	return All[i], true
}

// Triples are all of the table's triples.
func Triples() []string { return pick(func(Target) bool { return true }, tripleOf) }

// Released are the triples that a crate's binaries are released for.
func Released() []string { return pick(Target.released, tripleOf) }

// Hosts are the triples of build machines: those that build scripts and procedural macros are
// compiled for.
func Hosts() []string {
	return pick(func(t Target) bool { return t.Host != "" }, func(t Target) string { return t.Host })
}

// Split splits the name of a released file, without its extension, into what precedes the
// target's name and the target: "app-x86_64-linux-musl" into "app" and x86_64's. ok is false
// for a name of another form.
func Split(name string) (before string, of Target, ok bool) {
	for _, t := range All {
		if before, ok := strings.CutSuffix(name, "-"+t.Name); ok && t.released() && before != "" {
			return before, t, true
		}
	}
	return "", Target{}, false
}

func (t Target) released() bool { return t.Name != "" }

func tripleOf(t Target) string { return t.Triple }

func pick(wanted func(Target) bool, value func(Target) string) []string {
	var list []string
	for _, t := range All {
		if wanted(t) {
			list = append(list, value(t))
		}
	}
	return list
}
