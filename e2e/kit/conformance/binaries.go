package conformance

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// WantDemoBinaries fails the test unless shim-demo's tarballs hold static binaries that
// run. A foreign one is run by the emulator of the lab's image, if l is nil by this
// machine's.
func WantDemoBinaries(t *testing.T, out string, l *kit.Lab) {
	for arch, machine := range map[string]elf.Machine{"x86_64": elf.EM_X86_64, "aarch64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			list := kit.Untar(t, out, "shim-demo-"+arch+"-linux-musl.tar.gz")
			wantEntries(t, list, "shim-demo-v1")
			if h := list[0].Header; h.Mode != 0o755 || h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 0 {
				t.Errorf("the entry is %+v, expected mode 0755, user and group 0, time 0", h)
			}
			wantStatic(t, list[0].Content, machine)
			dir := t.TempDir()
			binary := filepath.Join(dir, "shim-demo-v1")
			kit.Check(t, os.WriteFile(binary, list[0].Content, 0o755))
			got := kit.Command{Args: append(emulator(t, arch, dir, l), binary, "-v")}.Run(t).WantCode(t, 0)
			if !strings.Contains(got.Stdout, "0.1.0") {
				t.Errorf("the binary says %q, expected its version", got.Stdout)
			}
		})
	}
}

// wantEntries fails the test unless a tarball holds exactly a binary and its signature
// files.
func wantEntries(t *testing.T, list []kit.TarEntry, binary string) {
	t.Helper()
	var names []string
	for _, e := range list {
		names = append(names, e.Header.Name)
	}
	if want := []string{binary, binary + ".pem", binary + ".sig", binary + ".sigstore.json"}; !slices.Equal(names, want) {
		t.Fatalf("the tarball holds %q, expected %q", names, want)
	}
}

func wantStatic(t *testing.T, content []byte, machine elf.Machine) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(content))
	kit.Check(t, err)
	libraries, err := f.ImportedLibraries()
	if f.Machine != machine || len(libraries) > 0 || err != nil {
		t.Errorf("the binary is for %s and needs %v (%v), expected %s and none", f.Machine, libraries, err, machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary names a loader: it is not static")
		}
	}
}

// emulator returns the command with which to run a binary in dir for an architecture: none
// for this machine's, otherwise QEMU from the toolchain image or this machine.
func emulator(t *testing.T, arch, dir string, l *kit.Lab) []string {
	t.Helper()
	uname := kit.Command{Args: []string{"uname", "-m"}}.Run(t).WantCode(t, 0)
	if strings.TrimSpace(uname.Stdout) == arch {
		return nil
	}
	if l != nil {
		roots, err := filepath.Glob(filepath.Join(l.Images(), "*", "rootfs"))
		kit.Check(t, err)
		for _, r := range roots {
			if _, err := os.Stat(filepath.Join(r, "usr/bin/qemu-"+arch+"-static")); err == nil {
				return []string{"bwrap", "--ro-bind", r, "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--ro-bind", dir, dir, "qemu-" + arch + "-static"}
			}
		}
	}
	qemu, err := exec.LookPath("qemu-" + arch + "-static")
	if err != nil {
		t.Skipf("SKIPPED: the %s binary was not run: no emulator: %v", arch, err)
	}
	return []string{qemu}
}

// wantOwnBinaries checks that both tarballs hold the compiler's output, and runs the binary
// for this machine.
func wantOwnBinaries(t *testing.T, r kit.Release) {
	t.Helper()
	for _, arch := range []string{"x86_64", "aarch64"} {
		list := kit.Untar(t, r.Out, r.Crate+"-"+arch+"-linux-musl.tar.gz")
		wantEntries(t, list, r.Crate)
		content := list[0].Content
		if !bytes.HasPrefix(content, []byte("\x7fELF")) || bytes.Contains(content, []byte("HOSTILE: overwritten")) {
			t.Errorf("the binary for %s is not what was built: it begins %.60q", arch, content)
		}
		dir := t.TempDir()
		binary := filepath.Join(dir, r.Crate)
		kit.Check(t, os.WriteFile(binary, content, 0o755))
		l, _ := kit.OpenLab() // nil uses this machine's emulator
		ran := kit.Command{Args: append(emulator(t, arch, dir, l), binary)}.Run(t).WantCode(t, 0)
		if want := r.Crate + " 0.1.0\n"; ran.Stdout != want {
			t.Errorf("the binary for %s says %q, expected %q", arch, ran.Stdout, want)
		}
	}
}
