package triple

import (
	"debug/elf"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	if got, want := Triples(), []string{X8664, AArch64, Wasm}; !slices.Equal(got, want) {
		t.Errorf("triples %q, want %q", got, want)
	}
	if got, want := Released(), []string{X8664, AArch64}; !slices.Equal(got, want) {
		t.Errorf("released %q, want %q", got, want)
	}
	if got, want := Hosts(), []string{"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"}; !slices.Equal(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
	if got, ok := Find(AArch64); !ok || got.Machine != elf.EM_AARCH64 || got.Architecture != "arm64" {
		t.Errorf("finds %+v, %v", got, ok)
	}
	for _, name := range []string{"", "x86_64-unknown-linux-gnu", X8664 + " "} {
		if got, ok := Find(name); ok {
			t.Errorf("finds %q: %+v", name, got)
		}
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string][2]string{
		"app-x86_64-linux-musl":                  {"app", X8664},
		"containerd-shim-v1-aarch64-linux-musl":  {"containerd-shim-v1", AArch64},
		"a-x86_64-linux-musl-aarch64-linux-musl": {"a-x86_64-linux-musl", AArch64},
		"-x86_64-linux-musl":                     {},
		"x86_64-linux-musl":                      {},
		"app-riscv64-linux-musl":                 {},
		"app-x86_64-linux-musl.tar.gz":           {},
		"app-":                                   {},
		"app":                                    {},
		"":                                       {},
	} {
		before, of, ok := Split(name)
		if before != want[0] || of.Triple != want[1] || ok != (want[1] != "") {
			t.Errorf("%q is %q, %q, %v", name, before, of.Triple, ok)
		}
	}
}
