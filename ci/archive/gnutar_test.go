package archive

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gnuTar returns a function that packs the contents of dir with the tar command. It skips
// the test unless that is GNU tar.
func gnuTar(t *testing.T, dir string) func(args ...string) []byte {
	t.Helper()
	version, err := exec.Command("tar", "--version").Output()
	if err != nil || !strings.Contains(string(version), "GNU tar") {
		t.Skip("SKIPPED: GNU tar is not installed")
	}
	return func(args ...string) []byte {
		t.Helper()
		c := exec.Command("tar", append([]string{"-czf", "-", "-C", dir}, args...)...)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%q: %v: %s", c.Args, err, stderr.String())
		}
		return out
	}
}

// signed writes the files of a release to a new directory.
func signed(t *testing.T) (dir string, names []string, want map[string]string) {
	t.Helper()
	dir = t.TempDir()
	want = map[string]string{}
	for name, content := range map[string]string{"app": strings.Repeat("\x7fELF", 1000), "app.sig": "signature", "app.pem": "certificate\n", "app.sigstore.json": "{}"} {
		mode, letters := os.FileMode(0o644), "-rw-r--r-- "
		if name == "app" {
			mode, letters = 0o755, "-rwxr-xr-x "
		}
		if err := errors.Join(os.WriteFile(filepath.Join(dir, name), []byte(content), mode), os.Chmod(filepath.Join(dir, name), mode)); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		want[name] = letters + content
	}
	slices.Sort(names)
	return dir, names, want
}

func TestGNUTar(t *testing.T) {
	dir, names, want := signed(t)
	tar := gnuTar(t, dir)
	for _, format := range []string{"--format=ustar", "--format=gnu", "--format=posix", "--format=pax"} {
		for _, blocking := range []string{"--blocking-factor=1", "--blocking-factor=20"} {
			t.Run(format+" "+blocking, func(t *testing.T) {
				accepts(t, tar(append([]string{format, blocking, "--owner=builder:1001", "--group=builder:1001"}, names...)...), want)
			})
		}
	}
	t.Run("owner with a large number", func(t *testing.T) {
		accepts(t, tar(append([]string{"--format=gnu", "--owner=:3000000000", "--group=:3000000000"}, names...)...), want)
	})
	t.Run("modification time with nanoseconds", func(t *testing.T) {
		accepts(t, tar(append([]string{"--format=posix", "--mtime=2024-01-02 03:04:05.123456789"}, names...)...), want)
	})
}

func TestGNUTarHostile(t *testing.T) {
	dir, names, _ := signed(t)
	tar := gnuTar(t, dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	long := strings.Repeat("n", 120)
	hole, err := os.Create(at("hole"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		hole.Truncate(1<<20), hole.Close(),
		os.Symlink("/etc/passwd", at("symlink")), os.Link(at("app"), at("hardlink")), exec.Command("mkfifo", at("fifo")).Run(),
		os.Mkdir(at("bin"), 0o755), os.WriteFile(at("bin/tool"), []byte("x"), 0o755),
		os.WriteFile(at("setuid"), []byte("x"), 0o755), os.Chmod(at("setuid"), 0o755|os.ModeSetuid),
		os.WriteFile(at("sticky"), []byte("x"), 0o755), os.Chmod(at("sticky"), 0o755|os.ModeSticky),
		os.WriteFile(at(long), []byte("x"), 0o644), os.WriteFile(at("n\u00e4me"), []byte("x"), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		reason Reason
		want   string
	}{
		{"the whole folder", []string{"."}, ErrFolder, `entry "./": `},
		{"files in this folder", []string{"./app"}, ErrFolder, `entry "./app": `},
		{"file in a folder", []string{"bin/tool"}, ErrFolder, `entry "bin/tool": `},
		{"folder", []string{"bin"}, ErrFolder, `entry "bin/": `},
		{"parent", []string{"-P", "--transform=s,^,../,", "app"}, ErrParent, `entry "../app": `},
		{"absolute", []string{"-P", "/dev/null"}, ErrAbsolute, `entry "/dev/null": `},
		{"symbolic link", []string{"symlink"}, ErrSymlink, `entry "symlink": it is a symbolic link to "/etc/passwd"`},
		{"hard link", []string{"app", "hardlink"}, ErrHardLink, `entry "hardlink": it is a hard link to "app"`},
		{"FIFO", []string{"fifo"}, ErrFIFO, `entry "fifo": `},
		{"device", []string{"-C", "/dev", "null"}, ErrDevice, `entry "null": `},
		{"setuid", []string{"setuid"}, ErrMode, `entry "setuid": its mode is more than permissions: 04755`},
		{"sticky", []string{"sticky"}, ErrMode, "01755"},
		{"twice", []string{"--hard-dereference", "app", "app"}, ErrDuplicate, `entry "app": its name appears twice`},
		{"twice but for case", []string{"--transform=s/app.sig/APP/", "app", "app.sig"}, ErrDuplicate, `entry "APP": `},
		{"sparse of GNU", []string{"--format=gnu", "--sparse", "hole"}, ErrSparse, "(GNU)"},
		{"sparse of PAX", []string{"--format=posix", "--sparse", "hole"}, ErrSparse, "it is a sparse file (pax)"},
		{"sparse of PAX 0.1", []string{"--format=posix", "--sparse", "--sparse-version=0.1", "hole"}, ErrSparse, "it is a sparse file (pax)"},
		{"long name of GNU", []string{"--format=gnu", long}, ErrRecord, "a long name (GNU)"},
		{"long name of PAX", []string{"--format=posix", long}, ErrDisagree, `its name is "nnn`},
		{"name outside ASCII", []string{"n\u00e4me"}, ErrName, `entry "n\u00e4me": its name is not plain`},
		{"global PAX records", []string{"--format=posix", "--pax-option=comment=x", "app"}, ErrRecord, "a global one (pax)"},
		{"other records in PAX", []string{"--format=posix", "--pax-option=VENDOR.x:=1", "app"}, ErrRecord, "VENDOR.x"},
		{"V7", []string{"--format=v7", "app"}, ErrHeader, "expected ustar"},
		{"incremental", append([]string{"--format=gnu", "--listed-incremental=" + filepath.Join(t.TempDir(), "state")}, names...), ErrHeader, "incremental archives"},
		{"volume label", []string{"--format=gnu", "--label=app", "app"}, ErrHeader, "expected ustar"},
		{"nothing", []string{"-T", "/dev/null"}, ErrEmpty, "it has no entry"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, bytes.NewReader(tar(tt.args...)), ReleaseLimits())
			var got Reason
			if !errors.As(err, &got) || got != tt.reason || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want it to say %q", err, tt.want)
			}
		})
	}
}
