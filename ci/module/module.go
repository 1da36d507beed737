// Package module is what the Dagger module's functions do, on the plain client
// of dagger.io/dagger: package main only turns arguments into calls of it.
package module

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"dagger.io/dagger"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/engine"
	"dagger/slipway/ci/layout"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sourcefs"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/transport"
)

// Inputs are the arguments of the module's functions.
type Inputs struct {
	// Source is the ID of a directory, and Workspace the path of the Rust workspace in it, ""
	// for its root.
	Source, Workspace string
	// Toolchain names an image; "" chooses as the plan does.
	Toolchain string
	// Layout is the ID of a directory with the OCI layout of a toolchain image;
	// it goes before Toolchain.
	Layout string
	// Base is the ID of a Debian container with apt, to make slipway's own
	// toolchain image with.
	Base string
	// Limits are those of a step that differ from the default: see [step.ParseLimits].
	Limits string

	Crate   string
	Version string
	// Crates are those of a train; none means every one that goes to a registry.
	Crates []string
	// Signing and SigningServices are as in a plan's request.
	Signing         string
	SigningServices []string
	// RegistryToken is the token of crates.io, "" for none; Registries has those of others.
	RegistryToken string
	Registries    []RegistryToken
	// Services are the hosts that the engine reaches by a tunnel of the caller's.
	Services []string
}

// Session is one function call's view of the running engine session.
type Session struct {
	in     Inputs
	client *dagger.Client
	source *dagger.Directory
	work   string // a directory in the module's own container
	taken  *checkout.Source
}

// Open joins the session that the function was called in.
func Open(ctx context.Context, in Inputs) (_ *Session, failed error) {
	defer console.ForPeople(&failed)
	transport.Tunnelled(in.Services...)
	client, err := dagger.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("joining the Dagger session: %w", err)
	}
	work, err := os.MkdirTemp("", "slipway-")
	if err != nil {
		return nil, err
	}
	return &Session{in: in, client: client, source: client.LoadDirectoryFromID(dagger.DirectoryID(in.Source)), work: work}, nil
}

// out is where a release leaves its files.
func (s *Session) out() string { return filepath.Join(s.work, "out") }

// workspace reads the workspace.
func (s *Session) workspace(ctx context.Context) (*cargo.Workspace, error) {
	taken, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := sourcefs.Open(ctx, taken.Dir)
	if err != nil {
		return nil, err
	}
	w, err := cargo.Read(opened)
	return w, taken.Explain(err)
}

// take copies the workspace's source, once, from what the caller has handed over: what is
// planned is what is built. It is the same copy that the command makes, with git in the
// module's own container, so that both give the same plan.
func (s *Session) take(ctx context.Context) (*checkout.Source, error) {
	if s.taken != nil {
		return s.taken, nil
	}
	given := filepath.Join(s.work, "given")
	if _, err := s.source.Export(ctx, given); err != nil {
		return nil, fmt.Errorf("reading the workspace: %w", err)
	}
	below := filepath.FromSlash(s.in.Workspace)
	if below != "" && !filepath.IsLocal(below) {
		return nil, fmt.Errorf("reading the workspace %q: expected a path below the source", s.in.Workspace)
	}
	taken, err := checkout.Take(ctx, filepath.Join(given, below), checkout.Options{Upload: true})
	s.taken = taken
	return taken, err
}

// Order says in which order crates must be released: all of the workspace, or the
// crate of the inputs and what comes before it.
func (s *Session) Order(ctx context.Context) (_ string, failed error) {
	defer console.ForPeople(&failed)
	w, err := s.workspace(ctx)
	if err != nil {
		return "", err
	}
	return plan.Order(w, s.in.Crate)
}

// Plan reads the workspace and plans, with no container.
func (s *Session) Plan(ctx context.Context) (_ *cargo.Workspace, _ *plan.Plan, failed error) {
	defer console.ForPeople(&failed)
	w, request, err := s.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.New(w, request)
	return w, p, err
}

// request reads the workspace and what the inputs ask for.
func (s *Session) request(ctx context.Context) (*cargo.Workspace, plan.Request, error) {
	w, err := s.workspace(ctx)
	if err != nil {
		return nil, plan.Request{}, err
	}
	git, err := s.taken.State(ctx, cmp.Or(w.Settings.ReleaseBranch, plan.ReleaseBranch))
	if err != nil {
		return nil, plan.Request{}, err
	}
	record, err := s.taken.Record(ctx)
	if err != nil {
		return nil, plan.Request{}, err
	}
	named, err := s.toolchainName(ctx)
	return w, plan.Request{
		Crate: s.in.Crate, Version: s.in.Version, Toolchain: named, Signing: s.in.Signing, SigningServices: s.in.SigningServices,
		Source: git, Record: record, History: func(q notes.Question) (notes.History, error) { return s.taken.History(ctx, q) },
	}, err
}

// toolchainName is what the plan calls the toolchain: an image that the caller
// hands over goes by its digest.
func (s *Session) toolchainName(ctx context.Context) (string, error) {
	if s.in.Layout == "" {
		return s.in.Toolchain, nil
	}
	dir := s.client.LoadDirectoryFromID(dagger.DirectoryID(s.in.Layout))
	if _, err := dir.Export(ctx, s.layoutDir()); err != nil {
		return "", fmt.Errorf("reading the toolchain's OCI layout: %w", err)
	}
	return layout.NameOf(s.layoutDir())
}

func (s *Session) layoutDir() string { return filepath.Join(s.work, "layout") }

// Release plans and prepares a release on the engine.
func (s *Session) Release(ctx context.Context) (_ *release.Release, failed error) {
	defer console.ForPeople(&failed)
	w, p, err := s.Plan(ctx)
	if err != nil {
		return nil, err
	}
	return s.prepare(ctx, w, p)
}

// prepare prepares a release of a plan that has been made.
func (s *Session) prepare(ctx context.Context, w *cargo.Workspace, p *plan.Plan) (*release.Release, error) {
	list, err := s.prepareAll(ctx, w, []*plan.Plan{p})
	if err != nil {
		return nil, err
	}
	list[0].Out = s.out()
	return list[0], nil
}

// prepareAll prepares a release of each plan of one workspace, which has one toolchain.
func (s *Session) prepareAll(ctx context.Context, w *cargo.Workspace, plans []*plan.Plan) ([]*release.Release, error) {
	if len(plans) == 0 {
		return nil, nil
	}
	if err := release.Check(plans, false); err != nil {
		return nil, err
	}
	limits, err := step.ParseLimits(s.in.Limits)
	if err != nil {
		return nil, err
	}
	named := plans[0].Toolchain
	images := map[string]engine.Image{}
	var base string
	switch {
	case s.in.Layout != "":
		images[named], err = engine.ImportLayout(ctx, s.client, s.layoutDir(), s.work)
	case named == toolchain.Reference():
		images[named], _, err = engine.Toolchain(ctx, s.client, s.base(), s.work)
		base = s.baseName(ctx)
	}
	if err != nil {
		return nil, err
	}
	var list []*release.Release
	for _, p := range plans {
		list = append(list, &release.Release{
			Workspace: w, Plan: p, Out: filepath.Join(s.work, "out", p.Crate), ToolchainBase: base,
			Runner: engine.New(engine.Options{Client: s.client, Source: s.client.Host().Directory(s.taken.Dir), Work: s.work, Trees: p.Trees, Images: images, Limits: limits, Secrets: s.secrets(p)}),
			Tell:   func(what string) { console.Fprintf(console.Stderr, "%s\n", what) }, // the engine shows it
		})
	}
	return list, nil
}

// baseName is what provenance calls the Debian container that the caller gave for
// slipway's own toolchain, "" for none.
func (s *Session) baseName(ctx context.Context) string {
	if s.in.Base == "" {
		return ""
	}
	if ref, err := s.base().ImageRef(ctx); err == nil && ref != "" {
		return ref
	}
	return "a container without a name" // made by other means than pulling an image
}

func (s *Session) base() *dagger.Container {
	if s.in.Base == "" {
		return nil
	}
	return s.client.LoadContainerFromID(dagger.ContainerID(s.in.Base))
}

// Toolchain is the ID of slipway's own toolchain image.
func (s *Session) Toolchain(ctx context.Context) (_ string, failed error) {
	defer console.ForPeople(&failed)
	_, ctr, err := engine.Toolchain(ctx, s.client, s.base(), s.work)
	if err != nil {
		return "", err
	}
	id, err := ctr.ID(ctx)
	return string(id), err
}
