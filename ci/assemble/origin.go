package assemble

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/rustup"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// Version is slipway's own version, as recorded in the provenance. "-dev" marks a state before
// that release.
const Version = "0.1.0-dev"

// Origin is what the provenance says of where files come from: who made them, from which source,
// with which tools and by which plan.
type Origin struct {
	// Parameters says what was asked for. The base of slipway's own toolchain among them is what
	// the caller has chosen; repository, ref and toolchain are filled in.
	Parameters provenance.Parameters
	Source     plan.Source
	Lock       [sha256.Size]byte // of Cargo.lock
	Plan       [sha256.Size]byte
	// Toolchain is the image that the steps ran in, "" if nothing was built.
	Toolchain string
	// Image is the Rust with which slipway makes that image, if it does.
	Image toolchain.Rust
	// Rust is the compiler, as it describes itself.
	Rust sbom.Rust
	// Runner has run the steps; nil if nothing was built here.
	Runner step.Runner
	Who    sign.Identity
	// Began is when the run began. It is zero for a dry run, which leaves out the time and the
	// run, so that its bytes do not depend on them.
	Began time.Time
}

// Origin returns where the crate's files come from.
func (c *Crate) Origin() (Origin, error) {
	p := c.Build.Plan
	o := Origin{
		Parameters: provenance.Parameters{
			Crate: p.Name, Version: p.Version, Targets: p.Targets, ToolchainBase: c.ToolchainBase, Directory: p.Source.Directory,
		},
		Source: p.Source, Lock: c.Built.Lock.SHA256, Toolchain: p.Toolchain, Image: p.Rust, Rust: c.Built.Rust, Runner: c.Build.Runner,
		Who: c.Signing.Who,
	}
	if !c.Signing.DryRun() {
		o.Began = c.Began
	}
	raw, err := plan.Of(p).JSON()
	o.Plan = sha256.Sum256(raw)
	return o, err
}

// Input returns the content of the statement without its subjects.
func (o Origin) Input(ctx context.Context) (provenance.Input, error) {
	in := provenance.Input{
		Parameters: o.Parameters, Commit: o.Source.Built(), Lock: o.Lock, Plan: o.Plan, Rust: o.Rust.Release, RustCommit: o.Rust.Commit,
		Builder: provenance.Builder{ID: provenance.OwnMachine, Version: map[string]string{"slipway": Version}},
	}
	in.Parameters.Repository, in.Parameters.Ref = o.Who.Repository, o.Who.Ref
	if o.Who.IsWorkflow() {
		in.Builder.ID = o.Who.Subject
	}
	if !o.Began.IsZero() {
		in.Run = provenance.Run{ID: o.Who.Run, Started: o.Began, Finished: time.Now()}
	}
	if o.Toolchain == "" {
		return in, nil
	}
	if !o.Image.Makes(o.Toolchain) {
		in.Parameters.Toolchain = o.Toolchain
	}
	if o.Image != (toolchain.Rust{}) {
		in.Channel = &provenance.Channel{Name: o.Image.Channel, Manifest: o.Image.Manifest, URI: rustup.Location(rustup.DefaultServer, o.Image.Channel)}
	}
	var err error
	in.Toolchain, err = o.image(ctx)
	return in, err
}

// image returns the image that the steps ran in: slipway's own by the digest of its recipe, which
// is the same for both runners, and others by the digest of their manifest.
func (o Origin) image(ctx context.Context) (provenance.Image, error) {
	img := provenance.Image{Reference: o.Toolchain}
	if o.Image.Makes(img.Reference) {
		img.Digest, img.Recipe = "sha256:"+o.Image.Digest(), true
		return img, nil
	}
	var named bool
	if _, img.Digest, named = strings.Cut(img.Reference, "@"); named {
		return img, nil
	}
	if o.Runner == nil {
		return img, fmt.Errorf("naming the toolchain %q in the provenance: no step ran in it here, so its digest is unknown: name it by digest, like image@sha256:…", img.Reference)
	}
	var err error
	img.Digest, err = o.Runner.ImageDigest(ctx, img.Reference)
	return img, err
}
