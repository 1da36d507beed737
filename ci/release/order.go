// Package release is the order of a release: which part of it happens when, and why then. The parts
// themselves are below it: build runs the plan's steps, assemble makes and signs the files, publish
// changes what others see, and report says what was done.
package release

import (
	"context"
	"time"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/report"
)

// Publish releases what the plan says. It goes through these stages in order, each for every crate
// and for the images before the next begins:
//
//	preflight   reads only; problems that a person must fix end the run here, all at once
//	steps       toolchain and metadata first: wrong images and misread manifests end here within
//	            seconds; then fetch, build and test, each as soon as what it needs is there. Nothing
//	            is published unless all is built and tested
//	files       signed and packed from tested results only, and not before: a certificate is valid
//	            for 10 minutes. Images are made, but signed only once a registry has them
//	prepare     reads only, again: conflicts that show only in what was made end the run here
//	effects     in the plan's order
//
// The plan's effects are, of one crate after the other:
//
//	draft, assets         visible with write access only; both can be deleted again
//	registry, owner       irreversible, so everything else is in place before
//	tag                   fixes the commit before the release is announced
//	release               visible to everyone
//
// and then of the images:
//
//	push, sign, attest    by digest, which users do not look for
//	tag                   from here on users find the version, already signed
//	latest                once every version is tagged, and only to a higher version
//
// Each effect looks at the remote state before it acts, so running an interrupted release again
// finishes it, wherever it ended.
func (r *Release) Publish(ctx context.Context) (*report.Report, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	n, done, err := r.begin(true)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := n.preflight(ctx); err != nil {
		return nil, console.Errorf("%w\nnothing was changed anywhere", err)
	}
	for _, stage := range []func(context.Context) error{n.steps, n.files, n.prepare, n.effects} {
		if err := stage(ctx); err != nil {
			return n.failed(err)
		}
	}
	n.report.Published = true
	return n.ended(), nil
}

// DryRun runs every step and writes every file, but performs no effect. It signs with a throw-away
// key, so nothing reaches a transparency log. With prebuilt files it only verifies those.
func (r *Release) DryRun(ctx context.Context) (*report.Report, error) {
	r.Signer = nil
	return r.make(ctx, false)
}

// Dist does the same as a dry run, but signs as the signer's identity, in the transparency log
// if the signer uses one. That is the first effect of a release, and the only one without a
// publishing token. It returns an error for what could not be released.
func (r *Release) Dist(ctx context.Context) (*report.Report, error) {
	if err := r.checkRelease(); err != nil {
		return nil, err
	}
	return r.make(ctx, true)
}

// make runs the steps and writes the files. release makes errors of findings that stop a release.
func (r *Release) make(ctx context.Context, release bool) (*report.Report, error) {
	n, done, err := r.begin(release)
	if err != nil {
		return nil, err
	}
	defer done()
	for _, c := range n.crates {
		c.made.Build.WithoutPackage = !release
	}
	for _, stage := range []func(context.Context) error{n.steps, n.files} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	if n.report.Digest, err = n.digest(); err != nil {
		return nil, err
	}
	return n.ended(), nil
}

// steps runs the steps of all crates.
func (r *run) steps(ctx context.Context) error {
	return r.each(ctx, r.crates, "running the steps", (*crate).runSteps)
}

// files makes the files of all crates, and then the images, which may contain them.
func (r *run) files(ctx context.Context) error {
	err := r.each(ctx, r.released(), "signing and packaging", (*crate).makeFiles)
	if err == nil && r.images != nil {
		err = r.images.make(ctx)
	}
	return err
}

// prepare determines the effects, and changes nothing.
func (r *run) prepare(ctx context.Context) error {
	err := r.each(ctx, r.released(), "checking what the release will find", (*crate).prepare)
	if err == nil && r.images != nil {
		err = r.images.prepare(ctx)
	}
	if err == nil {
		r.toPerform, err = r.newEffects()
	}
	if err != nil {
		return console.Errorf("%w\nnothing was changed anywhere", err)
	}
	return nil
}

// ended returns the report of a run that has come to its end.
func (r *run) ended() *report.Report {
	r.report.Seconds = time.Since(r.began).Seconds()
	return r.report
}
