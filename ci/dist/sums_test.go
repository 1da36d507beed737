package dist

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTarballName(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := []struct {
		crate, target, want, err string
	}{
		{"containerd-shim-wasmtime", "x86_64-unknown-linux-musl", "containerd-shim-wasmtime-x86_64-linux-musl.tar.gz", ""},
		{"oci_tar_builder", "aarch64-unknown-linux-musl", "oci_tar_builder-aarch64-linux-musl.tar.gz", ""},
		{"a", "riscv64gc-unknown-linux-musl", "", "expected one of"},
		{long, "aarch64-unknown-linux-musl", long + "-aarch64-linux-musl.tar.gz", ""},
		{"a", "x86_64-unknown-linux-gnu", "", `naming a file of "a" for target "x86_64-unknown-linux-gnu": expected one of ["x86_64-unknown-linux-musl" "aarch64-unknown-linux-musl"]`},
		{"a", "wasm32-wasip1", "", "expected one of"},
		{"a", "x86_64", "", "expected one of"},
		{"a", "", "", "expected one of"},
		{"a", "-unknown-linux-musl", "", "expected one of"},
		{"a", "../x86_64-unknown-linux-musl", "", "expected one of"},
		{"a", "x86_64-unknown-linux-musl\n", "", "expected one of"},
		{"a", "armv7-unknown-linux-musleabihf", "", "expected one of"},
		{"a", "x86_64-alpine-linux-musl", "", "expected one of"},
		{"../a", "x86_64-unknown-linux-musl", "", `naming a file of "../a": the file name "../a-x86_64-linux-musl.tar.gz" leads to a directory`},
		{"", "x86_64-unknown-linux-musl", "", `naming a file of "": the file name "-x86_64-linux-musl.tar.gz" is not plain`},
		{strings.Repeat("a", 10<<20), "x86_64-unknown-linux-musl", "", "has 10485785 bytes; expected at most 100"},
	}
	for _, tt := range tests {
		got, err := TarballName(tt.crate, tt.target)
		if got != tt.want || (err == nil) != (tt.err == "") {
			t.Errorf("TarballName(%.80q, %q) = %q, %v; want %q", tt.crate, tt.target, got, err, tt.want)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.err) || len(err.Error()) > 400) {
			t.Errorf("error %.400q does not say %q", err, tt.err)
		}
	}
}

func TestWriteSums(t *testing.T) {
	sums := map[string][32]byte{
		"b-x86_64-linux-musl.tar.gz":  sha256.Sum256([]byte("b")),
		"a-x86_64-linux-musl.tar.gz":  sha256.Sum256([]byte("a")),
		"a-aarch64-linux-musl.tar.gz": sha256.Sum256(nil),
	}
	const want = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a-aarch64-linux-musl.tar.gz\n" +
		"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a-x86_64-linux-musl.tar.gz\n" +
		"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b-x86_64-linux-musl.tar.gz\n"
	var got bytes.Buffer
	if err := WriteSums(&got, sums); err != nil || got.String() != want {
		t.Errorf("got\n%s%v, want\n%s", got.String(), err, want)
	}
}

func TestWriteSumsRefuses(t *testing.T) {
	bad := errors.New("bad disk")
	tests := []struct {
		name string
		w    io.Writer
		sums map[string][32]byte
		want string
	}{
		{"no files", io.Discard, nil, "writing SHA256SUMS: there are no files; expected at least one tarball"},
		{"no name", io.Discard, map[string][32]byte{"": {}}, "writing SHA256SUMS: a file has no name"},
		{"folder", io.Discard, map[string][32]byte{"a/b": {}}, `writing SHA256SUMS: the file name "a/b" leads to a directory`},
		{"escaped by sha256sum", io.Discard, map[string][32]byte{"a\nb": {}}, `writing SHA256SUMS: the file name "a\nb" is not plain`},
		{"fails to write", failing{bad}, map[string][32]byte{"a": {}}, "writing SHA256SUMS: bad disk"},
	}
	for _, tt := range tests {
		if err := WriteSums(tt.w, tt.sums); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestSha256sum checks that sha256sum -c accepts what WriteSums wrote, and detects a
// changed file.
func TestSha256sum(t *testing.T) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("SKIPPED: sha256sum is not installed")
	}
	dir := t.TempDir()
	sums := map[string][32]byte{}
	for _, name := range []string{"a-x86_64-linux-musl.tar.gz", "a-aarch64-linux-musl.tar.gz"} {
		packed := tarball(t, []Entry{file("a", true, []byte(name))})
		sums[name] = sha256.Sum256(packed)
		if err := os.WriteFile(filepath.Join(dir, name), packed, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var list bytes.Buffer
	if err := WriteSums(&list, sums); err != nil {
		t.Fatal(err)
	}
	check := func() (string, error) {
		c := exec.Command("sha256sum", "-c")
		c.Dir, c.Stdin, c.Env = dir, bytes.NewReader(list.Bytes()), append(os.Environ(), "LC_ALL=C")
		out, err := c.Output()
		return string(out), err
	}
	if out, err := check(); err != nil || out != "a-aarch64-linux-musl.tar.gz: OK\na-x86_64-linux-musl.tar.gz: OK\n" {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "a-x86_64-linux-musl.tar.gz"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := check(); err == nil || !strings.Contains(out, "a-x86_64-linux-musl.tar.gz: FAILED\n") {
		t.Errorf("a changed file: %v: %s", err, out)
	}
}
