package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// timeDependent lists the files of a .crate whose content depends on when it was packaged: cargo
// resolves the dependencies anew, with what the registry has then, and records the state of the
// repository.
var timeDependent = []string{"Cargo.lock", ".cargo_vcs_info.json"}

// Differences returns the names of the files that differ between two .crate files, except those
// that depend on when each was packaged.
func Differences(a, b []byte) ([]string, error) {
	first, err := readCrate(a)
	if err != nil {
		return nil, err
	}
	second, err := readCrate(b)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name := range maps.Keys(first) {
		names[name] = true
	}
	for name := range maps.Keys(second) {
		names[name] = true
	}
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, in := first[name]
		y, also := second[name]
		if (in != also || x != y) && !slices.Contains(timeDependent, name) {
			differ = append(differ, name)
		}
	}
	return differ, nil
}

// readCrate returns the contents of a .crate by path inside the package.
func readCrate(raw []byte) (map[string]string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("reading a .crate file: %w", err)
	}
	files := map[string]string{}
	left := int64(MaxCrate)
	// Headers and skipped entries count too: gzip can expand its input a thousandfold.
	archive := tar.NewReader(io.LimitReader(unzipped, 2*MaxCrate))
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a .crate file: %w", err)
		}
		_, name, ok := strings.Cut(path.Clean(h.Name), "/")
		if h.Typeflag != tar.TypeReg || !ok {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(archive, left+1))
		if left -= int64(len(content)); err == nil && left < 0 {
			err = fmt.Errorf("it holds more than %d bytes", int64(MaxCrate))
		}
		if err != nil {
			return nil, fmt.Errorf("reading a .crate file: %w", err)
		}
		files[name] = string(content)
	}
}
