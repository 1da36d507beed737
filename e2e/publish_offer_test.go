package e2e

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/archive"
	"dagger/slipway/ci/dist"
)

// assets downloads the release of shim-demo.
func (h *fakeGitHub) assets(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	check(t, h.client(t).DownloadRelease(t.Context(), demoTag, dir))
	return dir
}

// offer returns a fake GitHub with a copy of a repository, and a release of shim-demo from
// its main branch with the files of a directory, as anyone with write access could publish.
func offer(t testing.TB, source, dir string) *fakeGitHub {
	t.Helper()
	h := fakeGitHubOf(t, source)
	h.release(t, demoTag, git(t, h.bare, "rev-parse", "main"), dir)
	return h
}

const (
	demoTarball = "shim-demo-x86_64-linux-musl.tar.gz"
	demoBinary  = "x86_64-unknown-linux-musl/shim-demo-v1"
)

// tamper changes one byte of the binary's read-only data and repacks the tarball like
// slipway does. It returns the offset of that byte.
func tamper(t testing.TB, dir string) (offset int64) {
	t.Helper()
	tarball, inside := filepath.Join(dir, demoTarball), t.TempDir()
	f, err := os.Open(tarball)
	check(t, err)
	entries, err := archive.Read(f, inside, archive.ReleaseLimits())
	check(t, err)
	check(t, f.Close())
	binary := filepath.Join(inside, "shim-demo-v1")
	image, err := elf.Open(binary)
	check(t, err)
	offset = int64(image.Section(".rodata").Offset) + 100
	check(t, image.Close())
	raw := []byte(read(t, binary))
	raw[offset] ^= 1
	check(t, os.WriteFile(binary, raw, 0o755))
	var list []dist.Entry
	for _, e := range entries {
		list = append(list, dist.Entry{Name: e.Name, Executable: e.Executable, Size: e.Size, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(inside, e.Name)) }})
	}
	var packed bytes.Buffer
	check(t, dist.WriteTarball(&packed, list))
	check(t, os.WriteFile(tarball, packed.Bytes(), 0o644))
	return offset
}

// squeeze recompresses a tarball with another compression level.
func squeeze(t testing.TB, tarball string) {
	t.Helper()
	in, err := gzip.NewReader(strings.NewReader(read(t, tarball)))
	check(t, err)
	var packed bytes.Buffer
	out, err := gzip.NewWriterLevel(&packed, 1)
	check(t, err)
	_, err = io.Copy(out, in)
	check(t, err)
	check(t, out.Close())
	check(t, os.WriteFile(tarball, packed.Bytes(), 0o644))
}
