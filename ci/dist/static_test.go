package dist

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	x8664   = "x86_64-unknown-linux-musl"
	aarch64 = "aarch64-unknown-linux-musl"
)

// link builds an empty program.
func link(t *testing.T, to, arch string, flags ...string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append(append([]string{"build", "-ldflags=-s -w", "-o", to}, flags...), source)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestCheckStatic(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	link(t, at("good"), "amd64")
	link(t, at("arm"), "arm64")
	link(t, at("pie"), "amd64", "-buildmode=pie")
	good, err := os.ReadFile(at("good"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, change func(raw []byte) []byte) {
		if err := os.WriteFile(at(name), change([]byte(string(good))), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put("empty", func([]byte) []byte { return nil })
	put("short", func(raw []byte) []byte { return raw[:40] })
	put("script", func([]byte) []byte { return []byte("#!/bin/sh\n") })
	put("object", func(raw []byte) []byte { raw[0x10] = 1; return raw })          // e_type: ET_REL
	put("library", func(raw []byte) []byte { clear(raw[0x18:0x20]); return raw }) // e_entry
	for _, tt := range []struct{ name, target, want string }{
		{"good", x8664, ""},
		{"arm", aarch64, ""},
		{"arm", x8664, `checking binary "arm": it is for EM_AARCH64, expected EM_X86_64`},
		{"empty", x8664, `checking binary "empty" for x86_64-unknown-linux-musl`},
		{"short", x8664, `checking binary "short"`},
		{"script", x8664, `checking binary "script"`},
		{"gone", x8664, `checking binary "gone"`},
		{"object", x8664, `checking binary "object" for x86_64-unknown-linux-musl: it is not a program (ET_REL`},
		{"library", x8664, `checking binary "library" for x86_64-unknown-linux-musl: it is not a program (ET_EXEC that begins at 0x0)`},
		{"pie", x8664, `checking binary "pie" for x86_64-unknown-linux-musl: it is linked dynamically (it names a loader): a release for musl is static; look for -Ctarget-feature=-crt-static`},
		{"good", "riscv64gc-unknown-linux-musl", `checking binary "good" for "riscv64gc-unknown-linux-musl": expected one of the targets ["x86_64-unknown-linux-musl" "aarch64-unknown-linux-musl"]`},
	} {
		err := CheckStatic(at(tt.name), tt.target)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s for %s: %v, want %q", tt.name, tt.target, err, tt.want)
		}
	}
}
