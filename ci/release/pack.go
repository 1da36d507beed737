package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// File describes an artifact on disk.
type File struct {
	Name   string `json:"name"`
	Target string `json:"target,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// pack signs what was built and writes the plan's artifacts to the output directory.
func (r *Release) pack(ctx context.Context) ([]File, error) {
	work, done, err := workIn(r.Out)
	if err != nil {
		return nil, err
	}
	defer done()
	out := filepath.Join(work, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return nil, fmt.Errorf("making output directory: %w", err)
	}
	place := func(target, name string) string { return filepath.Join(work, "bin", target, name) }
	if err := r.exportBinaries(ctx, place); err != nil {
		return nil, err
	}
	documents, err := r.writeDocuments(out, place)
	if err != nil {
		return nil, err
	}
	if err := r.exportCrate(ctx, out); err != nil {
		return nil, err
	}
	signer, err := r.signer()
	if err != nil {
		return nil, err
	}
	if err := r.signAll(ctx, signer, out, documents, place); err != nil {
		return nil, err
	}
	files, err := r.packAll(ctx, signer, out, place)
	if err != nil {
		return nil, err
	}
	if err := r.verify(ctx, signer, out); err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return files, moveFinished(out, r.Out, names) // only now that all are complete and verified
}

// exportCrate exports the .crate file from the runner if the plan has one.
func (r *Release) exportCrate(ctx context.Context, out string) error {
	for _, a := range r.Plan.Artifacts {
		if a.Kind == plan.CrateFile {
			return r.Runner.Export(ctx, plan.StepPackage, plan.OutputCrate, filepath.Join(out, a.Name))
		}
	}
	return nil
}

// packAll writes the artifacts that are made from the binaries and their signatures.
func (r *Release) packAll(ctx context.Context, signer *sign.Signer, out string, place func(target, name string) string) ([]File, error) {
	var files []File
	var err error
	sums := map[string][sha256.Size]byte{}
	for _, a := range r.Plan.Artifacts {
		to := filepath.Join(out, a.Name)
		switch a.Kind {
		case plan.Tarball:
			err = writeTarball(to, a, func(name string) string { return place(a.Target, name) })
		case plan.Checksums:
			err = writeSums(to, sums)
		case plan.Provenance:
			err = r.writeProvenance(ctx, signer, to, files, place)
		}
		if err != nil {
			return nil, err
		}
		f, sum, err := describe(to, a)
		if err != nil {
			return nil, err
		}
		if a.Kind == plan.Tarball {
			sums[a.Name] = sum
		}
		files = append(files, f)
	}
	return files, nil
}

func writeTarball(to string, a plan.Artifact, place func(string) string) (err error) {
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

func writeSums(to string, sums map[string][sha256.Size]byte) error {
	return write(to, func(w io.Writer) error { return dist.WriteSums(w, sums) })
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

func describe(name string, a plan.Artifact) (File, [sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	f, err := beneath.OpenFile(name)
	if err != nil {
		return File{}, sum, fmt.Errorf("reading artifact %q: %w", a.Name, err)
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return File{}, sum, fmt.Errorf("reading artifact %q: %w", a.Name, err)
	}
	copy(sum[:], h.Sum(nil))
	return File{Name: a.Name, Target: a.Target, Size: size, SHA256: hex.EncodeToString(sum[:])}, sum, nil
}
