// Package assemble makes the files of a release from what was built: it describes, signs and packs
// the binaries, and verifies the result as a stranger would. It also takes files that an earlier
// run has made, after the same verification.
package assemble

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// Crate is a crate that was built, and how its release is signed.
type Crate struct {
	Build   *build.Crate
	Built   *build.Built
	Signing *Signing
	// Out is the directory that the files are written to.
	Out string
	// ToolchainBase is the Debian image that slipway's own toolchain was built from; "" means
	// slipway's default.
	ToolchainBase string
	// Began is when the run began, for the provenance.
	Began time.Time
	// Earlier holds signatures of an earlier run that may be reused; nil for none.
	Earlier Earlier
}

// Dist is the files of a release: complete, signed and verified.
type Dist struct {
	Files []dist.File // in the plan's order
	// Who has signed, and How in words; both are empty if nothing is signed.
	Who sign.Identity
	How string
	// Reused is how many signatures of an earlier run are among them.
	Reused int
}

// place returns the path of a binary, next to which its signatures are written.
type place func(target, name string) string

// Write signs what was built and writes the plan's artifacts to the output directory, when all
// are complete and verified. Files of the same names are replaced, each atomically.
func (c *Crate) Write(ctx context.Context) (*Dist, error) {
	work, done, err := outdir.Work(c.Out)
	if err != nil {
		return nil, err
	}
	defer done()
	out := filepath.Join(work, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return nil, fmt.Errorf("making output directory: %w", err)
	}
	m := &making{Crate: c, out: out, place: func(target, name string) string { return filepath.Join(work, "bin", target, name) }}
	if err := m.make(ctx); err != nil {
		return nil, err
	}
	var names []string
	for _, f := range m.files {
		names = append(names, f.Name)
	}
	d := &Dist{Files: m.files, Who: c.Signing.Who, How: c.Signing.Words(), Reused: int(m.reused.Load())}
	return d, outdir.Move(out, c.Out, names)
}

// make makes the files in the order in which they depend on each other. Documents come before
// signatures, so that an error in them leaves no entry in a transparency log.
func (m *making) make(ctx context.Context) error {
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { return m.Build.ExportBinaries(ctx, m.place) },
		m.writeDocuments,
		m.exportPackage,
		m.signAll,
		m.packAll,
		m.verify,
	} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// exportPackage copies the packaged crate, unless it could not be packaged.
func (m *making) exportPackage(ctx context.Context) error {
	if m.Built.Unpackaged {
		return nil
	}
	return m.Build.ExportPackage(ctx, m.out)
}

// artifacts returns the plan's artifacts, without the packaged crate if it could not be packaged.
func (m *making) artifacts() []plan.Artifact {
	return slices.DeleteFunc(slices.Clone(m.Build.Plan.Artifacts), func(a plan.Artifact) bool {
		return a.Kind == plan.CrateFile && m.Built.Unpackaged
	})
}

// packAll writes the artifacts that are made from the binaries and their signatures, and
// describes all of them.
func (m *making) packAll(ctx context.Context) error {
	sums := map[string][sha256.Size]byte{}
	for _, a := range m.artifacts() {
		to := filepath.Join(m.out, a.Name)
		var err error
		switch a.Kind {
		case plan.Tarball:
			err = WriteTarball(to, a, func(name string) string { return m.place(a.Target, name) })
		case plan.Checksums:
			err = WriteSums(to, sums)
		case plan.Provenance:
			err = m.writeProvenance(ctx, to)
		}
		if err != nil {
			return err
		}
		f, sum, err := dist.Describe(to, a.Name, a.Target)
		if err != nil {
			return err
		}
		if a.Kind == plan.Tarball {
			sums[a.Name] = sum
		}
		m.files = append(m.files, f)
	}
	return nil
}
