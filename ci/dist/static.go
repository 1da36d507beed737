package dist

import (
	"debug/elf"
	"fmt"
	"path/filepath"

	"dagger/slipway/ci/triple"
)

// CheckStatic returns an error unless the binary runs on any Linux of its Rust target
// triple: an ELF program for that machine that needs no dynamic loader and no shared
// libraries.
func CheckStatic(name, target string) error {
	t, known := triple.Find(target)
	if !known || t.Machine == elf.EM_NONE {
		return fmt.Errorf("checking binary %q for %.100q: expected one of the targets %q", filepath.Base(name), target, triple.Released())
	}
	f, err := elf.Open(name)
	if err != nil {
		return fmt.Errorf("checking binary %q for %s: %w", filepath.Base(name), target, err)
	}
	defer f.Close()
	if f.Machine != t.Machine {
		return fmt.Errorf("checking binary %q: it is for %s, expected %s", filepath.Base(name), f.Machine, t.Machine)
	}
	// A static program may be position-independent and then has the type of a shared library,
	// but a library has no entry point.
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN || f.Entry == 0 {
		return fmt.Errorf("checking binary %q for %s: it is not a program (%s that begins at %#x); expected what cargo links for a binary target", filepath.Base(name), target, f.Type, f.Entry)
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
