package app

import (
	"context"
	"errors"
	"path/filepath"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
)

// execution is how plans are executed: what their releases have in common.
type execution struct {
	workspace Workspace
	running   Running
	out       string // as the caller has named it
	// releases means that this is no dry run: findings that stop a release are errors before
	// anything is built.
	releases bool
	// signs and connects ask for what only a release needs: the signer, and the remotes with
	// their tokens. They are called once nothing in the plans stops the release, and before
	// anything is built. They may be nil.
	signs      func(context.Context) (*sign.Signer, error)
	connects   func(context.Context) error
	signer     *sign.Signer
	prebuilt   *assemble.Prebuilt
	registries credential.Registries
	chosen     bool // the caller has named the toolchain
}

// check returns the errors that need no runner, those of the plans first.
func (e *execution) check(ctx context.Context, plans []*plan.Plan) (err error) {
	if err := release.Check(plans, e.releases); err != nil {
		return err
	}
	if e.signs != nil {
		if e.signer, err = e.signs(ctx); err != nil {
			return err
		}
	}
	for _, p := range plans {
		if e.releases && e.signer == nil && e.prebuilt == nil && p.Signing != "" {
			return sign.ErrNoToken
		}
	}
	if e.connects == nil {
		return nil
	}
	return e.connects(ctx)
}

// open returns a release of each plan, with a runner. The caller must call done.
func (e *execution) open(ctx context.Context, h Host, w *cargo.Workspace, plans []*plan.Plan) (list []*release.Release, done func() error, err error) {
	if len(plans) == 0 {
		return nil, func() error { return nil }, nil
	}
	if err := e.check(ctx, plans); err != nil {
		return nil, nil, err
	}
	runners, err := h.Runners(ctx, Job{Plans: plans, Root: e.workspace.Root, Toolchain: e.workspace.Toolchain, Running: e.running, Secrets: e.secrets})
	if err != nil {
		return nil, nil, err
	}
	list = e.withoutRunners(h, w, plans)
	for i, r := range list {
		r.Runner, r.ToolchainBase, r.Tell = runners.List[i], runners.ToolchainBase, runners.Tell
	}
	return list, runners.Close, nil
}

// withoutRunners returns a release of each plan, without a runner.
func (e *execution) withoutRunners(h Host, w *cargo.Workspace, plans []*plan.Plan) (list []*release.Release) {
	for _, p := range plans {
		list = append(list, &release.Release{Workspace: w, Plan: p, Out: h.Out(e.out), Signer: e.signer, Prebuilt: e.prebuilt})
	}
	return list
}

// secrets returns the values that a plan's steps may use. A dry run has none.
func (e *execution) secrets(p *plan.Plan) step.Secrets {
	token, err := e.registries.For(p.Publish.Registry, p.Publish.Index)
	if err != nil || token.Empty() {
		return nil // the release reports an error before it runs anything
	}
	return step.Secrets{plan.SecretRegistryToken: token.Text()}
}

// open returns another job's directory, and a path for slipway's private copy of it.
func (s *Staged) open(ctx context.Context, h Host) (release.Staged, string, error) {
	digest, err := handover.ParseDigest(s.StagedDigest)
	if err != nil {
		return release.Staged{}, "", err
	}
	dir, err := s.Staged.path(ctx, h, "what was staged")
	if err != nil {
		return release.Staged{}, "", err
	}
	work, err := h.Temp()
	return release.Staged{Dir: dir, Digest: digest}, filepath.Join(work, "copy"), err
}

// prebuilt returns the path of a directory with what an earlier run has made, "" if there is
// none, and the digest given for it, "" if there is none. It compares the two, so that a wrong one
// ends the run at once; what is used later is a private copy, which is compared again. what names
// the directory's content in an error.
func prebuilt(ctx context.Context, h Host, dir Directory, digest, what string) (string, handover.Digest, error) {
	if !dir.Set && digest == "" {
		return "", "", nil
	}
	if dir.Name == "" && dir.Export == nil {
		return "", "", errors.New("checking --dist: it is empty: name the directory whose " + what + ", or leave --dist and --dist-digest out")
	}
	path, err := dir.path(ctx, h, "what --dist names")
	if err != nil || digest == "" {
		return path, "", err
	}
	want, err := handover.ParseDigest(digest)
	if err != nil {
		return "", "", err
	}
	return path, want, handover.Check(path, want)
}
