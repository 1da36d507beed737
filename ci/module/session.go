package module

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"dagger.io/dagger"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/engine"
	"dagger/slipway/ci/layout"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// session is the [app.Host] of one function call: the session with the engine.
type session struct {
	in     Inputs
	client *dagger.Client
	work   string // a directory in the module's own container, which ends with the call
	again  string
	taken  *checkout.Source
}

var _ app.Host = (*session)(nil)

// Source copies the source from what the caller has passed. The slipway command makes the same
// copy, and git runs in the module's own container, so both give the same plan.
func (s *session) Source(ctx context.Context, r app.Root) (*checkout.Source, error) {
	if s.taken != nil {
		return s.taken, nil
	}
	dir, err := s.Files(ctx, r.Source)
	if err != nil {
		return nil, err
	}
	s.taken, err = checkout.Take(ctx, dir, checkout.Options{Upload: true})
	return s.taken, err
}

// Files returns a directory below what the caller has passed.
func (s *session) Files(ctx context.Context, dir string) (string, error) {
	below := filepath.FromSlash(dir)
	if below != "" && !filepath.IsLocal(below) {
		return "", fmt.Errorf("reading the workspace %q: expected a path below the source", dir)
	}
	exported := filepath.Join(s.work, "given")
	if _, err := os.Stat(exported); err == nil {
		return filepath.Join(exported, below), nil
	}
	if _, err := s.client.LoadDirectoryFromID(dagger.DirectoryID(s.in.Source)).Export(ctx, exported); err != nil {
		return "", fmt.Errorf("reading the workspace: %w", err)
	}
	return filepath.Join(exported, below), nil
}

func (s *session) ToolchainName(ctx context.Context, _ string) (string, error) {
	if s.in.Layout == "" {
		return s.in.Toolchain, nil
	}
	if _, err := s.client.LoadDirectoryFromID(dagger.DirectoryID(s.in.Layout)).Export(ctx, s.layout()); err != nil {
		return "", fmt.Errorf("reading the toolchain's OCI layout: %w", err)
	}
	return layout.NameOf(s.layout())
}

// Rust returns what the caller has given before the function.
func (s *session) Rust(string, string) (string, string) { return s.in.RustServer, s.in.Channel }

func (s *session) layout() string { return filepath.Join(s.work, "layout") }

// Runners opens runners on the engine, which shows what they do.
func (s *session) Runners(ctx context.Context, j app.Job) (*app.Runners, error) {
	limits, err := step.ParseLimits(s.in.Limits)
	if err != nil {
		return nil, err
	}
	named := j.Plan.Toolchain
	images := map[string]engine.Image{}
	made := &app.Runners{
		Tell:  func(what string) { console.Fprintf(console.Stderr, "%s\n", what) },
		Close: func() error { return nil },
	}
	switch {
	case s.in.Layout != "":
		images[named], err = engine.ImportLayout(ctx, s.client, s.layout(), s.work)
	case j.Image.Rust.Makes(named):
		images[named], _, err = engine.Toolchain(ctx, s.client, j.Image, s.base(), s.work)
		made.ToolchainBase = s.baseName(ctx)
	}
	if err != nil {
		return nil, err
	}
	source, repository := s.client.Host().Directory(s.taken.Dir), s.client.Host().Directory(s.taken.Root)
	for _, c := range j.Plan.Crates {
		made.List = append(made.List, engine.New(engine.Options{Client: s.client, Source: source, Repository: repository, Work: s.work, Trees: c.Trees, Images: images, Limits: limits, Secrets: j.Secrets(c)}))
	}
	return made, nil
}

// baseName returns the provenance's name for the caller's Debian container from which slipway's
// own toolchain is built, "" for none.
func (s *session) baseName(ctx context.Context) string {
	base := s.base()
	if base == nil {
		return ""
	}
	ref, err := base.ImageRef(ctx)
	if err != nil { // not made by pulling an image
		ref = ""
	}
	return cmp.Or(ref, "a container without a name")
}

func (s *session) base() *dagger.Container {
	if s.in.Base == "" {
		return nil
	}
	return s.client.LoadContainerFromID(dagger.ContainerID(s.in.Base))
}

// MakeToolchain returns the ID of a container.
func (s *session) MakeToolchain(ctx context.Context, _ *app.Toolchain, image toolchain.Image) (string, error) {
	_, ctr, err := engine.Toolchain(ctx, s.client, image, s.base(), s.work)
	if err != nil {
		return "", err
	}
	id, err := ctr.ID(ctx)
	return string(id), err
}

func (s *session) Out(string) string { return filepath.Join(s.work, "out") }

func (s *session) Temp() (string, error) { return os.MkdirTemp(s.work, "") }

func (s *session) Again() string { return s.again }

// RegistryToken is the token of a named registry. It is only sent to the registry at Index.
type RegistryToken struct {
	Registry, Index string
	Token           app.Secret
}

// Registries returns the tokens that the caller has passed, under the names that cargo uses for
// them.
func (s *session) Registries(ctx context.Context) (credential.Registries, error) {
	variables := map[string]secret.Text{}
	for _, r := range s.in.Registries {
		token, err := r.Token(ctx)
		if err != nil {
			return credential.Registries{}, err
		}
		variables[credential.Variable(r.Registry)] = token
		variables[credential.IndexVariable(r.Registry)] = secret.New(r.Index)
	}
	return credential.Registries{
		Lookup: func(name string) string { return variables[name].Reveal() },
		How: func(name string) string {
			if name == credential.Variable("") {
				return "--registry-token"
			}
			return "`with-registry-token --registry NAME --token … --index sparse+https://…` before the function's name"
		},
	}, nil
}
