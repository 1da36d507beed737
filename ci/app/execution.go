package app

import (
	"context"
	"errors"
	"path/filepath"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
)

// execution is how a plan is executed.
type execution struct {
	workspace Workspace
	running   Running
	out       string // as the caller has named it
	shown     string // the directory of the files in the text
	apart     bool   // the files of each crate are in a directory of its own
	do        func(*release.Release, context.Context) (*report.Report, error)
	// releases means that this is no dry run: findings that stop a release are errors before
	// anything is built.
	releases bool
	// signs and connects ask for the signer, and the remotes with their tokens. They are called
	// once nothing in the plan stops the release, and before anything is built. They may be nil.
	signs    func(context.Context) (*sign.Signer, error)
	connects func(context.Context) (release.Remotes, error)
	prebuilt *assemble.Prebuilt // nil if there is nothing of an earlier run
	staged   *Staged            // nil, or what another job has staged: nothing of the workspace runs
}

// run executes a plan, and tells what was done.
func (e *execution) run(ctx context.Context, h Host, from *planning) (Outcome, error) {
	r, done, err := e.open(ctx, h, from)
	if err != nil {
		return Outcome{}, err
	}
	made, err := e.do(r, ctx)
	if err = errors.Join(err, done()); made == nil {
		return Outcome{Dir: h.Out(e.out)}, err
	}
	told, err := e.workspace.told(made, e.shown, err)
	told.Dir = h.Out(e.out)
	return told, err
}

// open returns a release of the plan, with what its steps run on. The caller must call done.
func (e *execution) open(ctx context.Context, h Host, from *planning) (r *release.Release, done func() error, err error) {
	r = &release.Release{Workspace: from.workspace, Plan: from.plan, Files: from.dir, Out: h.Out(e.out), Apart: e.apart, Prebuilt: e.prebuilt}
	done = func() error { return nil }
	if err := e.check(ctx, r); err != nil {
		return nil, nil, err
	}
	r.To.ToolchainNamed = from.toolchainNamed
	switch {
	case e.staged != nil:
		return r, done, e.staged.use(ctx, h, r)
	case len(from.plan.Crates) == 0, e.prebuilt != nil && len(from.plan.Released()) == 0:
		return r, done, nil
	}
	registries := r.To.Registries
	secrets := func(c *plan.Crate) step.Secrets { return secretsOf(c, registries) }
	runners, err := h.Runners(ctx, Job{Plan: from.plan, Root: e.workspace.Root, Toolchain: e.workspace.Toolchain, Base: e.workspace.Base, Image: from.image, Running: e.running, Secrets: secrets})
	if err != nil {
		return nil, nil, err
	}
	r.Runners, r.ToolchainBase, r.Tell = runners.List, runners.ToolchainBase, runners.Tell
	for _, note := range from.notes {
		r.Tell("note: " + note)
	}
	return r, runners.Close, nil
}

// check returns the errors that need no runner, those of the plan first, and gives the release its
// signer and its remotes.
func (e *execution) check(ctx context.Context, r *release.Release) (err error) {
	if err = r.Plan.CheckDryRun(); e.releases {
		err = r.Plan.CheckRelease()
	}
	if err != nil {
		return err
	}
	if e.signs != nil {
		if r.Signer, err = e.signs(ctx); err != nil {
			return err
		}
	}
	if e.releases && r.LacksSigner() {
		return sign.ErrNoToken
	}
	if e.connects != nil {
		r.To, err = e.connects(ctx)
	}
	return err
}

// secretsOf returns the values that a crate's steps may use. A dry run has none.
func secretsOf(c *plan.Crate, registries credential.Registries) step.Secrets {
	token, err := registries.For(c.Publish.Registry, c.Publish.Index)
	if err != nil || token.Empty() {
		return nil // the release reports an error before it runs anything
	}
	return step.Secrets{plan.SecretRegistryToken: token.Text()}
}

// given returns what another job has staged, nil if there is nothing.
func (s *Staged) given() *Staged {
	if !s.Staged.Set {
		return nil
	}
	return s
}

// use makes a release use slipway's private copy of another job's directory.
func (s *Staged) use(ctx context.Context, h Host, r *release.Release) error {
	digest, err := handover.ParseDigest(s.StagedDigest)
	if err != nil {
		return err
	}
	dir, err := s.Staged.path(ctx, h, "what was staged")
	if err != nil {
		return err
	}
	work, err := h.Temp()
	if err != nil {
		return err
	}
	return r.UseStaged(release.Staged{Dir: dir, Digest: digest}, filepath.Join(work, "copy"))
}

// prebuilt returns what an earlier run has made, nil if there is nothing. It compares the directory
// with the digest given for it, if there is one, so that a wrong one ends the run at once; what is
// used later is a private copy, which is compared again. what names the directory's content in an
// error.
func prebuilt(ctx context.Context, h Host, dir Directory, digest, what string) (*assemble.Prebuilt, error) {
	if !dir.Set && digest == "" {
		return nil, nil
	}
	if dir.Name == "" && dir.Export == nil {
		return nil, errors.New("checking --dist: it is empty: name the directory whose " + what + ", or leave --dist and --dist-digest out")
	}
	path, err := dir.path(ctx, h, "what --dist names")
	if err != nil || digest == "" {
		return &assemble.Prebuilt{Dir: path}, err
	}
	want, err := handover.ParseDigest(digest)
	if err != nil {
		return nil, err
	}
	return &assemble.Prebuilt{Dir: path, Digest: want}, handover.Check(path, want)
}
