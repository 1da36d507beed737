// Package module implements the functions of the Dagger module with the client
// dagger.io/dagger. Package main only converts their arguments.
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

// Inputs holds the arguments shared by the module's functions.
type Inputs struct {
	// Source is the ID of a directory, and Workspace the path of the Rust workspace in it, ""
	// for the root.
	Source, Workspace string
	// Toolchain names an image; "" leaves the choice to the plan.
	Toolchain string
	// Layout is the ID of a directory with the OCI layout of a toolchain image. It takes
	// precedence over Toolchain.
	Layout string
	// Base is the ID of a Debian container with apt, from which slipway's own toolchain image
	// is built.
	Base string
	// Limits lists the limits of steps that differ from the default: see [step.ParseLimits].
	Limits string

	Crate   string
	Version string
	// Crates are the crates of a train; none means every one that is published to a registry.
	Crates []string
	// Signing and SigningServices are as in a plan's request.
	Signing         string
	SigningServices []string
	// RegistryToken is the token of crates.io, "" for none. Registries holds the tokens of
	// others.
	RegistryToken string
	Registries    []RegistryToken
	// Services lists the hosts that the engine reaches through the caller's tunnel.
	Services []string
}

// Session is one function call in the running engine session.
type Session struct {
	in     Inputs
	client *dagger.Client
	source *dagger.Directory
	work   string // a directory in the module's own container
	taken  *checkout.Source
}

// Open connects to the session that the function was called in.
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

// out returns the directory for a release's files.
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

// take copies the workspace's source from what the caller has passed, once, so that what is
// planned is what is built. The slipway command makes the same copy, and git runs in the
// module's own container, so both give the same plan.
func (s *Session) take(ctx context.Context) (*checkout.Source, error) {
	if s.taken != nil {
		return s.taken, nil
	}
	exported := filepath.Join(s.work, "given")
	if _, err := s.source.Export(ctx, exported); err != nil {
		return nil, fmt.Errorf("reading the workspace: %w", err)
	}
	below := filepath.FromSlash(s.in.Workspace)
	if below != "" && !filepath.IsLocal(below) {
		return nil, fmt.Errorf("reading the workspace %q: expected a path below the source", s.in.Workspace)
	}
	taken, err := checkout.Take(ctx, filepath.Join(exported, below), checkout.Options{Upload: true})
	s.taken = taken
	return taken, err
}

// Order returns the order in which crates must be released: all of the workspace, or the crate
// of the inputs and those it depends on.
func (s *Session) Order(ctx context.Context) (_ string, failed error) {
	defer console.ForPeople(&failed)
	w, err := s.workspace(ctx)
	if err != nil {
		return "", err
	}
	return plan.Order(w, s.in.Crate)
}

// Plan reads the workspace and returns the plan. It starts no container.
func (s *Session) Plan(ctx context.Context) (_ *cargo.Workspace, _ *plan.Plan, failed error) {
	defer console.ForPeople(&failed)
	w, request, err := s.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.New(w, request)
	return w, p, err
}

// request reads the workspace and makes the plan's request from the inputs.
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

// toolchainName returns the plan's name for the toolchain. An image passed as a layout is named
// by its digest.
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

// Release plans a release and prepares it on the engine.
func (s *Session) Release(ctx context.Context) (_ *release.Release, failed error) {
	defer console.ForPeople(&failed)
	w, p, err := s.Plan(ctx)
	if err != nil {
		return nil, err
	}
	return s.prepare(ctx, w, p)
}

// prepare prepares a release of an existing plan.
func (s *Session) prepare(ctx context.Context, w *cargo.Workspace, p *plan.Plan) (*release.Release, error) {
	list, err := s.prepareAll(ctx, w, []*plan.Plan{p})
	if err != nil {
		return nil, err
	}
	list[0].Out = s.out()
	return list[0], nil
}

// prepareAll prepares a release for each plan of a workspace. They share a toolchain.
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
			Tell:   func(what string) { console.Fprintf(console.Stderr, "%s\n", what) }, // shown by the engine
		})
	}
	return list, nil
}

// baseName returns the provenance's name for the caller's Debian container from which slipway's
// own toolchain is built, "" for none.
func (s *Session) baseName(ctx context.Context) string {
	if s.in.Base == "" {
		return ""
	}
	if ref, err := s.base().ImageRef(ctx); err == nil && ref != "" {
		return ref
	}
	return "a container without a name" // not made by pulling an image
}

func (s *Session) base() *dagger.Container {
	if s.in.Base == "" {
		return nil
	}
	return s.client.LoadContainerFromID(dagger.ContainerID(s.in.Base))
}

// Toolchain returns the ID of slipway's own toolchain image.
func (s *Session) Toolchain(ctx context.Context) (_ string, failed error) {
	defer console.ForPeople(&failed)
	_, ctr, err := engine.Toolchain(ctx, s.client, s.base(), s.work)
	if err != nil {
		return "", err
	}
	id, err := ctr.ID(ctx)
	return string(id), err
}
