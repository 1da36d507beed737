package assemble

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// making is the state of writing a crate's files.
type making struct {
	*Crate
	out       string // the temporary directory that the files are made in
	place     place
	documents map[string]document // SBOMs by the name of their artifact
	signer    *sign.Signer        // nil until something is signed
	expected  verify.Expectation  // for the signatures of an earlier run
	reused    atomic.Int32
	files     []dist.File
}

// WriteTarball packs the files of a tarball; place returns the path of each.
func WriteTarball(to string, a plan.Artifact, place func(string) string) error {
	var entries []dist.Entry
	for _, name := range a.Files {
		info, err := os.Lstat(place(name))
		if err != nil {
			return fmt.Errorf("packing %q: %w", filepath.Base(to), err)
		}
		entries = append(entries, dist.Entry{
			Name: name, Executable: slices.Contains(a.Binaries, name), Size: info.Size(),
			Open: func() (io.ReadCloser, error) { return beneath.OpenFile(place(name)) },
		})
	}
	return write(to, func(w io.Writer) error { return dist.WriteTarball(w, entries) })
}

// WriteSums writes the checksums of tarballs.
func WriteSums(to string, sums map[string][sha256.Size]byte) error {
	return write(to, func(w io.Writer) error { return dist.WriteSums(w, sums) })
}

// writeBytes writes a file that must not exist.
func writeBytes(to string, content []byte) error {
	return write(to, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func write(to string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("packing %q: %w", filepath.Base(to), err)
	}
	err = fill(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("packing %q: %w", filepath.Base(to), err)
	}
	return nil
}
