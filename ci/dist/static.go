package dist

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"strings"
)

// machines maps the architecture of a target to its ELF machine.
var machines = map[string]elf.Machine{"x86_64": elf.EM_X86_64, "aarch64": elf.EM_AARCH64}

// CheckStatic returns an error unless the binary runs on any Linux of its Rust target
// triple: an ELF program for that machine that needs no dynamic loader and no shared
// libraries.
func CheckStatic(name, target string) error {
	arch, _, _ := strings.Cut(target, "-")
	want, known := machines[arch]
	if !known {
		return fmt.Errorf("checking binary %q for %.100q: expected a target of x86_64 or aarch64", filepath.Base(name), target)
	}
	f, err := elf.Open(name)
	if err != nil {
		return fmt.Errorf("checking binary %q for %s: %w", filepath.Base(name), target, err)
	}
	defer f.Close()
	if f.Machine != want {
		return fmt.Errorf("checking binary %q: it is for %s, expected %s", filepath.Base(name), f.Machine, want)
	}
	// A static program may be position-independent and then has the type of a shared library,
	// but a library has no entry point.
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN || f.Entry == 0 {
		return fmt.Errorf("checking binary %q for %s: it is no program (%s that begins at %#x); expected what cargo links for a binary target", filepath.Base(name), target, f.Type, f.Entry)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("checking binary %q for %s: it is linked dynamically (it names a loader): a release for musl is static; look for -Ctarget-feature=-crt-static", filepath.Base(name), target)
		}
	}
	libs, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("checking binary %q for %s: %w", filepath.Base(name), target, err)
	}
	if len(libs) > 0 {
		return fmt.Errorf("checking binary %q for %s: it needs shared libraries %v: a release for musl is static", filepath.Base(name), target, libs)
	}
	return nil
}
