package dist

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"dagger/slipway/ci/triple"
)

// TarballName returns the name of a crate's tarball for a Rust target triple:
// containerd-shim-wasmtime-x86_64-linux-musl.tar.gz for x86_64-unknown-linux-musl. It
// returns an error unless binaries are released for target.
func TarballName(crate, target string) (string, error) {
	return nameFor(crate, target, ".tar.gz")
}

// BinaryName returns the common prefix of the names of documents about a binary for a
// target: containerd-shim-wasmtime-v1-x86_64-linux-musl.
func BinaryName(binary, target string) (string, error) {
	return nameFor(binary, target, "")
}

func nameFor(what, target, ending string) (string, error) {
	t, known := triple.Find(target)
	if !known || t.Name == "" {
		return "", fmt.Errorf("naming a file of %.100q for target %.100q: expected one of %q", what, target, triple.Released())
	}
	name := what + "-" + t.Name + ending
	if err := CheckName(name); err != nil {
		return "", fmt.Errorf("naming a file of %.100q: %w", what, err)
	}
	return name, nil
}

// WriteSums writes SHA-256 digests by file name, sorted by name, in the format of
// sha256sum(1). Names must be valid for CheckName, and there must be at least one.
func WriteSums(w io.Writer, sums map[string][32]byte) error {
	if len(sums) == 0 {
		return errors.New("writing SHA256SUMS: there are no files; expected at least one tarball")
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if err := CheckName(name); err != nil {
			return fmt.Errorf("writing SHA256SUMS: %w", err)
		}
		if _, err := fmt.Fprintf(w, "%x  %s\n", sums[name], name); err != nil {
			return fmt.Errorf("writing SHA256SUMS: %w", err)
		}
	}
	return nil
}
