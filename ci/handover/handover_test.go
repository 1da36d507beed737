package handover

import (
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// left returns a directory as a build job leaves it.
func left(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "left")
	put(t, dir, "plan.json", "{}\n")
	put(t, dir, "app/outputs/build-x/bin/app", "\x7fELF")
	put(t, dir, "app/staged.json", "{}")
	return dir
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func digestOf(t *testing.T, dir string) Digest {
	t.Helper()
	d, err := Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTake(t *testing.T) {
	dir := left(t)
	want := digestOf(t, dir)
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil { // an artifact does not preserve it
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if err := Take(dir, want, to); err != nil {
		t.Fatal(err)
	}
	if got := digestOf(t, to); got != want {
		t.Errorf("the copy has digest %s, want %s", got, want)
	}
	raw, err := os.ReadFile(filepath.Join(to, "app/outputs/build-x/bin/app"))
	if err != nil || string(raw) != "\x7fELF" {
		t.Errorf("the copy of the binary is %q, %v", raw, err)
	}
	if err := Take(dir, want, to); err == nil {
		t.Error("it writes over what is there")
	}
}

// TestDigest compares the digest with the output of the documented command.
func TestDigest(t *testing.T) {
	dir := left(t)
	put(t, dir, "a-b", "")
	put(t, dir, "a/b", "x") // sorts after a-b by bytes, but before it by path elements
	cmd := exec.Command("sh", "-c", `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("SKIPPED: no find, sort or sha256sum: %v", err)
	}
	if want := "sha256:" + strings.Fields(string(out))[0]; string(digestOf(t, dir)) != want {
		t.Errorf("the digest is %s, the command prints %s", digestOf(t, dir), want)
	}
	some, err := Of(dir, "a", "a-b")
	want := Sum(map[string][32]byte{"a-b": sha256.Sum256(nil), "a/b": sha256.Sum256([]byte("x"))})
	if err != nil || some != want {
		t.Errorf("of some files: %s, %v; want %s", some, err, want)
	}
}

// TestTampered changes a directory after its digest was reported, as an artifact store or a
// process that outlives its step could.
func TestTampered(t *testing.T) {
	changed := "its files have the digest"
	for _, tt := range []struct {
		name, want string
		change     func(t *testing.T, dir string) error
	}{
		{"a byte", changed, func(t *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "app/outputs/build-x/bin/app"), []byte("\x7fELG"), 0o644)
		}},
		{"a file more", changed, func(t *testing.T, dir string) error { put(t, dir, "app/more", ""); return nil }},
		{"a file less", changed, func(t *testing.T, dir string) error { return os.Remove(filepath.Join(dir, "plan.json")) }},
		{"another name", changed, func(t *testing.T, dir string) error {
			return os.Rename(filepath.Join(dir, "plan.json"), filepath.Join(dir, "Plan.json"))
		}},
		{"two files swapped", changed, func(t *testing.T, dir string) error {
			put(t, dir, "plan.json", "{}")
			put(t, dir, "app/staged.json", "{}\n")
			return nil
		}},
		{"all gone", "it has no files", func(t *testing.T, dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "app")), os.Remove(filepath.Join(dir, "plan.json")))
		}},
		{"a link to the same bytes", "it is not a regular file", func(t *testing.T, dir string) error {
			return relink(dir, "plan.json", func(moved, name string) error { return os.Symlink(moved, name) })
		}},
		{"a link out", "it is not a regular file", func(t *testing.T, dir string) error {
			return relink(dir, "plan.json", func(_, name string) error { return os.Symlink("/proc/self/environ", name) })
		}},
		{"a directory that is a link", "it is not a regular file", func(t *testing.T, dir string) error {
			return relink(dir, "app", func(moved, name string) error { return os.Symlink(moved, name) })
		}},
		{"a pipe", "it is not a regular file", func(t *testing.T, dir string) error {
			return relink(dir, "plan.json", func(_, name string) error { return syscall.Mkfifo(name, 0o644) })
		}},
		{"a socket", "it is not a regular file", func(t *testing.T, dir string) error {
			return relink(dir, "plan.json", func(_, name string) error {
				return syscall.Mknod(name, syscall.S_IFSOCK|0o644, 0)
			})
		}},
		{"a line more in a name", "letters, digits and ._+-", func(t *testing.T, dir string) error {
			put(t, dir, "plan.json\nx", "")
			return nil
		}},
		{"a hidden file", "no dot at the beginning", func(t *testing.T, dir string) error { put(t, dir, ".hidden", ""); return nil }},
		{"a workflow command as a name", "letters, digits and ._+-", func(t *testing.T, dir string) error {
			put(t, dir, "::add-mask::x", "")
			return nil
		}},
		{"too deep", "deeper than 8 directories", func(t *testing.T, dir string) error {
			put(t, dir, "a/b/c/d/e/f/g/h/i/j", "")
			return nil
		}},
		{"too large", "too large", func(t *testing.T, dir string) error {
			return os.Truncate(filepath.Join(dir, "plan.json"), maxFile+1) // sparse: takes no disk space
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := left(t)
			want := digestOf(t, dir)
			if err := tt.change(t, dir); err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(t.TempDir(), "copy")
			for what, err := range map[string]error{"Take": Take(dir, want, to), "Check": Check(dir, want)} {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("%s: got %v, want %q of %q", what, err, tt.want, dir)
				}
			}
			if _, err := os.Lstat(to); err == nil {
				t.Error("it left a copy")
			}
		})
	}
}

// relink moves a file out of the directory and calls make to put something in its place.
func relink(dir, name string, make func(moved, name string) error) error {
	moved, name := filepath.Join(filepath.Dir(dir), "moved"), filepath.Join(dir, name)
	if err := os.Rename(name, moved); err != nil {
		return err
	}
	return make(moved, name)
}

func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range maxEntries + 1 {
		if err := os.Mkdir(filepath.Join(dir, "d"+strconv.Itoa(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Of(dir); err == nil || !strings.Contains(err.Error(), "more than 4096 files") {
		t.Errorf("got %v", err)
	}
}

func TestParseDigest(t *testing.T) {
	good := "sha256:" + strings.Repeat("0a", 32)
	if d, err := ParseDigest(good); err != nil || string(d) != good {
		t.Errorf("got %q, %v", d, err)
	}
	for _, text := range []string{"", "sha256:", good[7:], good + "0", good + "\n", strings.ToUpper(good), "sha512:" + good[7:], "${{ x }}"} {
		if _, err := ParseDigest(text); err == nil || !strings.Contains(err.Error(), "64 hexadecimal digits") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
