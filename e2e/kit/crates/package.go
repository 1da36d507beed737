package crates

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// Unpack returns the content of the files in a .crate, by name.
func Unpack(t testing.TB, raw []byte) map[string]string {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	kit.Check(t, err)
	files := map[string]string{}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		kit.Check(t, err)
		content, err := io.ReadAll(archive)
		kit.Check(t, err)
		files[h.Name] = string(content)
	}
}

// WantSameFiles fails the test unless two packages have the same files. Those that cargo
// writes itself are compared only where this machine's cargo writes them as the
// toolchain's does.
func WantSameFiles(t *testing.T, name string, got, want map[string]string) {
	t.Helper()
	names := slices.Sorted(maps.Keys(got))
	if other := slices.Sorted(maps.Keys(want)); !slices.Equal(names, other) || len(names) < 5 {
		t.Errorf("%s has the files %q, cargo packages %q", name, names, other)
	}
	for _, file := range names {
		written := strings.HasSuffix(file, "/Cargo.toml") || strings.HasSuffix(file, "/Cargo.lock")
		t.Run(file, func(t *testing.T) {
			if version := (kit.Command{Args: []string{"cargo", "--version"}}).Run(t).Stdout; written && olderCargo(version) {
				t.Skipf("SKIPPED: what cargo writes itself differs between its versions, and this machine has %s", version)
			}
			if got[file] != want[file] {
				t.Errorf("%s: %s differs:\n%s\ncargo's:\n%s", name, file, got[file], want[file])
			}
		})
	}
}

// olderCargo reports whether the output of `cargo --version` is of a version before 1.95,
// whose packages are known to equal those of the image's cargo.
func olderCargo(version string) bool {
	var minor int
	_, err := fmt.Sscanf(version, "cargo 1.%d.", &minor)
	return err != nil || minor < 95
}
