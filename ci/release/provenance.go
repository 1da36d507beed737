package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/toolchain"
)

// writeProvenance writes the signed provenance of the files and of the binaries in them.
func (r *Release) writeProvenance(ctx context.Context, signer *sign.Signer, to string, files []File, place func(target, name string) string) error {
	in, err := r.provenance(ctx, true)
	if err != nil {
		return err
	}
	if in.Subjects, err = r.subjects(files, place); err != nil {
		return err
	}
	s, err := provenance.New(in)
	if err != nil {
		return err
	}
	statement, err := s.JSON()
	if err != nil {
		return err
	}
	about, err := provenance.ParseDigest(files[0].SHA256)
	if err != nil {
		return err
	}
	same := func(earlier []byte) bool { return sameBuild(earlier, s) }
	bundle, err := r.signStatement(ctx, signer, filepath.Base(to), statement, about, same)
	if err != nil {
		return console.Errorf("signing the provenance: %w\n%s", err, unsigned)
	}
	return write(to, func(w io.Writer) error {
		_, err := w.Write(bundle)
		return err
	})
}

// sameBuild reports whether an earlier run's statement equals s, except for the run's metadata.
func sameBuild(earlier []byte, s provenance.Statement) bool {
	other, err := provenance.Parse(earlier)
	if err != nil {
		return false
	}
	s.Predicate.RunDetails.Metadata = other.Predicate.RunDetails.Metadata
	again, err := s.JSON()
	return err == nil && bytes.Equal(again, earlier)
}

// subjects returns the digests of all files of the release except the provenance itself, and of
// every binary in them, so that a verifier notices a missing file.
func (r *Release) subjects(files []File, place func(target, name string) string) (map[string][sha256.Size]byte, error) {
	subjects := map[string][sha256.Size]byte{}
	for i, a := range r.Plan.Artifacts[:len(files)] {
		sum, err := provenance.ParseDigest(files[i].SHA256)
		if err != nil {
			return nil, err
		}
		subjects[a.Name] = sum
		if a.Kind != plan.Tarball {
			continue
		}
		for _, name := range a.Binaries {
			if subjects[plan.SubjectName(a.Target, name)], err = dist.Digest(place(a.Target, name)); err != nil {
				return nil, fmt.Errorf("making the provenance: %w", err)
			}
		}
	}
	return subjects, nil
}

// provenance returns the content of the statement without its subjects. built means that
// something was built with the toolchain.
func (r *Release) provenance(ctx context.Context, built bool) (provenance.Input, error) {
	p := r.Plan
	in := provenance.Input{
		Parameters: provenance.Parameters{
			Crate: p.Crate, Version: p.Version, Targets: p.Targets, ToolchainBase: r.ToolchainBase,
			Directory:  p.Source.Directory,
			Repository: r.who.Repository, Ref: r.who.Ref,
		},
		Commit:  p.Source.Built(),
		Rust:    r.rust.Release,
		Builder: provenance.Builder{ID: provenance.OwnMachine, Version: map[string]string{"slipway": Version}},
	}
	if strings.Contains(r.who.Subject, "/.github/workflows/") {
		in.Builder.ID = r.who.Subject
	}
	if r.Signer != nil {
		in.Run = provenance.Run{ID: r.who.Run, Started: r.begin, Finished: time.Now()}
	}
	in.Lock = r.Workspace.Lock.SHA256
	raw, err := p.JSON()
	if err != nil {
		return in, err
	}
	in.Plan = sha256.Sum256(raw)
	if !built {
		return in, nil
	}
	in.Toolchain, err = r.toolchain(ctx)
	if p.Toolchain != toolchain.Reference() {
		in.Parameters.Toolchain = p.Toolchain
	}
	return in, err
}

// toolchain returns the image that the steps ran in: slipway's own by the digest of its recipe,
// which is the same for both runners, and others by the digest of their manifest.
func (r *Release) toolchain(ctx context.Context) (provenance.Image, error) {
	img := provenance.Image{Reference: r.Plan.Toolchain}
	if img.Reference == toolchain.Reference() {
		img.Digest, img.Recipe = "sha256:"+toolchain.Digest(), true
		return img, nil
	}
	var named bool
	if _, img.Digest, named = strings.Cut(img.Reference, "@"); named {
		return img, nil
	}
	if r.Runner == nil {
		return img, fmt.Errorf("naming the toolchain %q in the provenance: nothing ran in it here, so that its digest is not known: name it by its digest, like image@sha256:…", img.Reference)
	}
	var err error
	img.Digest, err = r.Runner.ImageDigest(ctx, img.Reference)
	return img, err
}
