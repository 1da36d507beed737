// Package release is the order of a release: which part of it happens when, and why then. The parts
// themselves are below it: build runs the plan's steps, assemble makes and signs the files, publish
// changes what others see, and report says what was done.
package release

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/report"
)

// DryRun runs every step of the plan and writes every artifact, but performs no effect. The
// stages are ordered so that cheap ones can fail first:
//
//	toolchain, metadata   seconds; wrong images and misread manifests end here
//	fetch, build, test    each as soon as what it needs is there
//	sign                  with a throw-away key: nothing reaches a transparency log
//	package               .crate file, tarballs and checksums, from tested results only
//
// With prebuilt artifacts it only verifies those.
func (r *Release) DryRun(ctx context.Context) (*report.Crate, error) {
	if r.Prebuilt != nil {
		return r.rehearse(ctx)
	}
	r.Signer = nil
	return r.make(ctx, false)
}

// Dist does the same as a dry run, but signs as the signer's identity, in the transparency log
// if the signer uses one. That is the first effect of a release, and the only one without a
// publishing token. It returns an error for what could not be released.
func (r *Release) Dist(ctx context.Context) (*report.Crate, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	s, err := r.make(ctx, true)
	if s != nil {
		s.DryRun = false // also for a library, for which nothing is signed
	}
	return s, err
}

// make runs the steps and writes the artifacts. release makes errors of findings that stop a
// release.
func (r *Release) make(ctx context.Context, release bool) (*report.Crate, error) {
	if err := outdir.Check(r.Out); err != nil { // before anything is built
		return nil, err
	}
	s, err := r.newReport()
	if err != nil {
		return nil, err
	}
	c := r.assemble(r.build(release), r.signing(""))
	c.Build.WithoutPackage = !release
	if c.Built, err = c.Build.All(ctx); err != nil {
		return nil, err
	}
	s.AddBuilt(c.Built)
	d, err := c.Write(ctx)
	if err != nil {
		return nil, err
	}
	s.AddDist(d)
	s.Digest, err = digestOf(d.Files)
	s.Seconds = time.Since(c.Began).Seconds()
	return s, err
}

// rehearse verifies the prebuilt artifacts against the plan without publishing anything. It also
// accepts those of a dry run, and reports them as such.
func (r *Release) rehearse(ctx context.Context) (*report.Crate, error) {
	began := time.Now()
	dir, done, err := r.Prebuilt.Copy()
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := r.newReport()
	if err != nil {
		return nil, err
	}
	d, err := r.Prebuilt.Rehearse(ctx, dir, r.Plan)
	if err != nil {
		return nil, err
	}
	s.AddDist(d)
	s.Seconds = time.Since(began).Seconds()
	return s, nil
}

// digestOf returns the digest of a directory that holds exactly these files.
func digestOf(list []dist.File) (handover.Digest, error) {
	files := map[string][sha256.Size]byte{}
	for _, f := range list {
		var err error
		if files[f.Name], err = provenance.ParseDigest(f.SHA256); err != nil {
			return "", err
		}
	}
	return handover.Sum(files), nil
}

// publishAll releases crates, each of which may depend on those before it:
//
//	preflight             reads only; problems that a person must fix end the run here
//	steps                 as in a dry run: no crate is published unless all build
//	sign, package         once all are tested, because a certificate is valid for 10 minutes
//
// and then crate by crate, in the order of its plan's effects:
//
//	draft, assets         visible with write access only; both can be deleted again
//	registry, owner       irreversible, so everything else is in place before
//	tag                   fixes the commit before the release is announced
//	release               visible to everyone
//
// Each effect looks at the remote state before it acts, so running an interrupted release again
// finishes it, wherever it ended.
func publishAll(ctx context.Context, list []*publishing) error {
	if err := preflight(ctx, list); err != nil {
		return console.Errorf("%w\nnothing was changed anywhere", err)
	}
	for _, stage := range []struct {
		about string
		do    func(*publishing, context.Context) error
	}{
		{"running the steps", (*publishing).runSteps},
		{"signing and packaging", (*publishing).makeFiles},
		{"publishing", (*publishing).perform},
	} {
		for i, p := range list {
			if len(list) > 1 {
				p.tell(fmt.Sprintf("%s, %d of %d: %s", p.Plan.Tag, i+1, len(list), stage.about))
			}
			if err := stage.do(p, ctx); err != nil {
				return p.failed(err, list)
			}
		}
	}
	return nil
}
