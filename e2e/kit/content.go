package kit

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Digests returns the SHA-256 in hexadecimal of each file in a directory, by name.
func Digests(t testing.TB, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	entries, err := os.ReadDir(dir)
	Check(t, err)
	for _, e := range entries {
		sum := sha256.Sum256([]byte(Read(t, dir, e.Name())))
		sums[e.Name()] = hex.EncodeToString(sum[:])
	}
	return sums
}

// DirDigest returns the digest of a directory as slipway's documentation tells users to
// compute it in a shell.
func DirDigest(t *testing.T, dir string) string {
	t.Helper()
	const line = `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`
	got := Command{Args: []string{"sh", "-c", line}, Dir: dir}.Run(t).WantCode(t, 0)
	return "sha256:" + strings.Fields(got.Stdout)[0]
}

// Tree describes the files below a directory: mode, size, time and the beginning of their
// content.
func Tree(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	Check(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", name, info.Mode())
		if info.Mode().IsRegular() {
			raw, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %d %d %q", info.ModTime().UnixNano(), len(raw), fmt.Sprintf("%.40x", raw))
		}
		b.WriteByte('\n')
		return nil
	}))
	return b.String()
}

// TarEntry is a file of a tarball.
type TarEntry struct {
	Header  tar.Header
	Content []byte
}

// Untar returns the entries of a .tar.gz.
func Untar(t testing.TB, path ...string) []TarEntry {
	t.Helper()
	f, err := os.Open(filepath.Join(path...))
	Check(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	Check(t, err)
	var list []TarEntry
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return list
		}
		Check(t, err)
		content, err := io.ReadAll(r)
		Check(t, err)
		list = append(list, TarEntry{*h, content})
	}
}
