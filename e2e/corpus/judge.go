package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// targets are those for which a release must have binaries.
var targets = []struct {
	triple, arch string
	machine      elf.Machine
}{
	{"x86_64-unknown-linux-musl", "x86_64", elf.EM_X86_64},
	{"aarch64-unknown-linux-musl", "aarch64", elf.EM_AARCH64},
}

// judge checks the results of a successful dry run: tests passed on both targets, and a
// tarball for each has binaries that are static and run. A library has a .crate instead.
func (l *lab) judge(ctx context.Context, r *row, s summary, out, dir string) error {
	r.Plan = s.Plan
	for _, t := range s.Tests {
		r.Tests = append(r.Tests, tests{t.Target, t.Passed, t.Ignored, t.How})
	}
	if i := slices.IndexFunc(s.Artifacts, isTarball); i < 0 {
		r.Why = wantPackage(s, *r)
		r.Right = r.Why == ""
		return nil
	}
	for _, target := range targets {
		i := slices.IndexFunc(s.Artifacts, func(a artifact) bool { return isTarball(a) && a.Target == target.triple })
		if i < 0 {
			r.Why = "there is no tarball for " + target.triple
			return nil
		}
		files, err := binaries(filepath.Join(out, s.Artifacts[i].Name))
		if err != nil {
			r.Why = err.Error()
			return nil
		}
		for _, f := range files {
			if f.fault = static(f.content, target.machine); f.fault == "" {
				if err := l.execute(ctx, &f, target.arch, dir); err != nil {
					return err
				}
			}
			r.Binaries = append(r.Binaries, binary{f.name, target.triple, len(f.content), f.says})
			if f.fault != "" && r.Why == "" {
				r.Why = fmt.Sprintf("%s for %s: %s", f.name, target.triple, f.fault)
			}
		}
	}
	r.Right = r.Why == ""
	return nil
}

type artifact = struct{ Name, Target string }

func isTarball(a artifact) bool { return strings.HasSuffix(a.Name, ".tar.gz") }

// wantPackage returns what is wrong with a run that made no tarball, "" if nothing.
func wantPackage(s summary, r row) string {
	if !slices.ContainsFunc(s.Artifacts, func(a artifact) bool { return a.Name == r.Crate+"-"+r.Version+".crate" }) {
		return "there is neither a tarball nor a .crate"
	}
	return ""
}

// file is a binary in a tarball, and what it printed when it was run.
type file struct {
	name, says, fault string
	content           []byte
}

// binaries returns the files in a release's tarball, without signatures.
func binaries(tarball string) ([]file, error) {
	raw, err := os.ReadFile(tarball)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(tarball), err)
	}
	var list []file
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(tarball), err)
		}
		if h.Mode&0o111 == 0 {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		list = append(list, file{name: h.Name, content: content})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no binary", filepath.Base(tarball))
	}
	return list, nil
}

// static returns why a binary is not a static one for the machine, "" if it is.
func static(content []byte, machine elf.Machine) string {
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return err.Error()
	}
	if f.Machine != machine {
		return fmt.Sprintf("it is for %s, expected %s", f.Machine, machine)
	}
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		return fmt.Sprintf("it needs %v (%v), expected no library", libraries, err)
	}
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return "it names a loader: it is not static"
	}
	return ""
}

// execute runs `BINARY --version` in a sandbox without network, in the toolchain image,
// which has an emulator for other machines. It keeps the first line of output.
func (l *lab) execute(ctx context.Context, f *file, arch, dir string) error {
	image, err := l.image()
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, "run-"+arch)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	name := filepath.Join(folder, filepath.Base(f.name))
	if err := os.WriteFile(name, f.content, 0o755); err != nil {
		return err
	}
	args := sandbox(image, folder)
	if native, err := exec.CommandContext(ctx, "uname", "-m").Output(); err != nil {
		return err
	} else if strings.TrimSpace(string(native)) != arch {
		args = append(args, "qemu-"+arch+"-static")
	}
	timed, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(timed, "bwrap", append(args, "/tmp/run/"+filepath.Base(f.name), "--version")...)
	said, err := cmd.CombinedOutput()
	first, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
	f.says = clean(first, dir)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		f.fault = fmt.Sprintf("--version ended with %s and said %q", exit, f.says)
	case err != nil:
		return err
	case f.says == "":
		f.fault = "--version said nothing"
	}
	return nil
}

// sandbox returns the arguments of bwrap(1) to run a command in the image, with a directory
// mounted at /tmp/run, and without network or capabilities.
func sandbox(image, folder string) []string {
	args := []string{
		"--die-with-parent", "--new-session", "--clearenv", "--ro-bind", image, "/", "--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp",
		"--ro-bind", folder, "/tmp/run", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/tmp", "--chdir", "/tmp",
	}
	if os.Getuid() != 0 {
		return append(args, "--unshare-all", "--")
	}
	// In a user namespace root cannot access a cache below its own home directory, so the
	// command changes to another user inside the sandbox instead.
	return append(args, "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
		"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--",
		"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
}
