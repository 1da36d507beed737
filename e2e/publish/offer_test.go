package publish

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
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
)

// tamper changes one byte of the binary's read-only data and repacks the tarball like
// slipway does. It returns the offset of that byte.
func tamper(t testing.TB, dir string) (offset int64) {
	t.Helper()
	tarball, inside := filepath.Join(dir, forge.DemoTarball), t.TempDir()
	f, err := os.Open(tarball)
	kit.Check(t, err)
	entries, err := archive.Read(f, inside, archive.ReleaseLimits())
	kit.Check(t, err)
	kit.Check(t, f.Close())
	binary := filepath.Join(inside, "shim-demo-v1")
	image, err := elf.Open(binary)
	kit.Check(t, err)
	offset = int64(image.Section(".rodata").Offset) + 100
	kit.Check(t, image.Close())
	raw := []byte(kit.Read(t, binary))
	raw[offset] ^= 1
	kit.Check(t, os.WriteFile(binary, raw, 0o755))
	var list []dist.Entry
	for _, e := range entries {
		list = append(list, dist.Entry{Name: e.Name, Executable: e.Executable, Size: e.Size, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(inside, e.Name)) }})
	}
	var packed bytes.Buffer
	kit.Check(t, dist.WriteTarball(&packed, list))
	kit.Check(t, os.WriteFile(tarball, packed.Bytes(), 0o644))
	return offset
}

// squeeze recompresses a tarball with another compression level.
func squeeze(t testing.TB, tarball string) {
	t.Helper()
	in, err := gzip.NewReader(strings.NewReader(kit.Read(t, tarball)))
	kit.Check(t, err)
	var packed bytes.Buffer
	out, err := gzip.NewWriterLevel(&packed, 1)
	kit.Check(t, err)
	_, err = io.Copy(out, in)
	kit.Check(t, err)
	kit.Check(t, out.Close())
	kit.Check(t, os.WriteFile(tarball, packed.Bytes(), 0o644))
}
