package e2e

import (
	"bytes"
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// unversioned is a copy of the example outside any repository.
var unversioned = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "example")
	if err := copyLinks(filepath.Join(root, "examples", "workspace"), dir); err != nil {
		return "", err
	}
	return dir, removeAll(filepath.Join(dir, "target"))
})

// demo returns a release of the crate that most tests use.
func demo(t testing.TB) release {
	t.Helper()
	source, err := unversioned()
	check(t, err)
	return release{source: source, crate: "shim-demo", version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
}

// good is the local runner's dry run of shim-demo, made once, with whose files other runs
// are compared.
var good struct {
	sync.Once
	result
	out  string
	sums map[string]string
}

func goodRun(t testing.TB) map[string]string {
	t.Helper()
	w, _ := local(t)
	good.Do(func() {
		r := demo(t)
		r.out = filepath.Join(scratch, "good")
		good.result, good.out = w.release(t, r).wantCode(t, 0), r.out
		good.sums = digests(t, r.out)
	})
	if len(good.sums) == 0 {
		t.Fatal("the dry run of shim-demo that others are compared with has failed")
	}
	return good.sums
}

func TestLocalDryRun(t *testing.T) {
	w, l := local(t)
	sums := goodRun(t)
	first := good.result
	r := demo(t)
	r.flags = []string{"--json"}
	again := w.release(t, r).wantCode(t, 0)
	s := parse(t, again.stdout)

	t.Run("summary", func(t *testing.T) { s.wantDemo(t, good.out) })
	t.Run("text and JSON agree", func(t *testing.T) { s.wantText(t, first.stdout) })
	t.Run("streams", func(t *testing.T) {
		if !strings.HasPrefix(first.stdout, "\nDry run of shim-demo/v0.1.0") || strings.Contains(first.stdout, " | ") {
			t.Errorf("standard output has more than the summary:\n%s", first.stdout)
		}
		first.wantStderr(t, "build "+x8664+" | ", "test "+aarch64+" | ", "Compiling shim-demo", "done in")
		if strings.Contains(first.stderr, "Dry run of") {
			t.Errorf("standard error has the summary:\n%s", first.stderr)
		}
	})
	t.Run("second run", func(t *testing.T) {
		for line := range strings.Lines(again.stderr) {
			if !strings.HasSuffix(line, ": already done, on the same inputs\n") {
				t.Errorf("the second run said %q", line)
			}
		}
		if again.stderr == "" || !s.Tests[0].Cached || !s.Tests[1].Cached {
			t.Errorf("the second run does not say that it took earlier results: %q", again.stderr)
		}
		if now := digests(t, r.out); !maps.Equal(now, sums) {
			t.Errorf("the second run made other files: %v, first %v", now, sums)
		}
	})
	t.Run("sums", func(t *testing.T) { wantSums(t, good.out) })
	t.Run("binaries", func(t *testing.T) { wantBinaries(t, good.out, l) })
}

// wantSums checks SHA256SUMS, which must list both tarballs, with sha256sum(1).
func wantSums(t *testing.T, out string) {
	t.Helper()
	got := command{args: []string{"sha256sum", "--check", "--strict", "SHA256SUMS"}, dir: out, env: []string{"LC_ALL=C"}}.run(t).wantCode(t, 0)
	want := "shim-demo-aarch64-linux-musl.tar.gz: OK\nshim-demo-x86_64-linux-musl.tar.gz: OK\n"
	if got.stdout != want {
		t.Errorf("sha256sum says %q, expected %q", got.stdout, want)
	}
}

// wantBinaries unpacks shim-demo's tarballs and runs the binaries in them.
func wantBinaries(t *testing.T, out string, l *lab) {
	for arch, machine := range map[string]elf.Machine{"x86_64": elf.EM_X86_64, "aarch64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			list := untar(t, out, "shim-demo-"+arch+"-linux-musl.tar.gz")
			wantEntries(t, list, "shim-demo-v1")
			if h := list[0].header; h.Mode != 0o755 || h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 0 {
				t.Errorf("the entry is %+v, expected mode 0755, user and group 0, time 0", h)
			}
			wantStatic(t, list[0].content, machine)
			dir := t.TempDir()
			binary := filepath.Join(dir, "shim-demo-v1")
			check(t, os.WriteFile(binary, list[0].content, 0o755))
			got := command{args: append(emulator(t, arch, dir, l), binary, "-v")}.run(t).wantCode(t, 0)
			if !strings.Contains(got.stdout, "0.1.0") {
				t.Errorf("the binary says %q, expected its version", got.stdout)
			}
		})
	}
}

// wantEntries fails the test unless a tarball holds exactly a binary and its signature
// files.
func wantEntries(t *testing.T, list []entry, binary string) {
	t.Helper()
	var names []string
	for _, e := range list {
		names = append(names, e.header.Name)
	}
	if want := []string{binary, binary + ".pem", binary + ".sig", binary + ".sigstore.json"}; !slices.Equal(names, want) {
		t.Fatalf("the tarball holds %q, expected %q", names, want)
	}
}

func wantStatic(t *testing.T, content []byte, machine elf.Machine) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(content))
	check(t, err)
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
func emulator(t *testing.T, arch, dir string, l *lab) []string {
	t.Helper()
	uname := command{args: []string{"uname", "-m"}}.run(t).wantCode(t, 0)
	if strings.TrimSpace(uname.stdout) == arch {
		return nil
	}
	if l != nil {
		roots, err := filepath.Glob(filepath.Join(l.images(), "*", "rootfs"))
		check(t, err)
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
