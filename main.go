// Release Rust workspaces from containers.
//
// slipway checks the inputs, builds a crate of a Rust workspace with musl for
// x86_64 and aarch64, runs that crate's tests and packages what users download.
// A dry run, which is the default, changes nothing anywhere:
//
//	dagger call release-crate --crate=my-shim --version=1.2.3 --dry-run
//
// `release-train` releases several crates in order. Other functions give parts of
// it: `plan` prints everything that a release would do and runs nothing; `crate`
// builds, tests or packages one crate; `toolchain` makes the image that crates are
// built in.
package main

import (
	"context"
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/module"
	"dagger/slipway/ci/secret"
	"dagger/slipway/internal/dagger"
)

// The functions, whose parameters follow from the verbs of ci/app, are in functions.go.
//go:generate go run ./ci/app/generate

// Slipway releases the crates of one Rust workspace.
type Slipway struct {
	// +private
	Source *dagger.Directory
	// +private
	Workspace string
	// +private
	ToolchainRef string
	// +private
	RustServer string
	// +private
	Channel string
	// +private
	ToolchainLayout *dagger.Directory
	// +private
	Base *dagger.Container
	// +private
	Limits string
	// Empty lists the options that were given before the function and are empty.
	//
	// +private
	Empty []string
	// +private
	Services []*dagger.Service
	// +private
	Signing *Signing
	// +private
	Registries []string
	// +private
	RegistryIndexes []string
	// +private
	RegistryTokens []*dagger.Secret
}

// New takes the workspace and what to build it in.
func New(
	// Root of the repository, or of the Rust workspace where that is in none
	//
	// +defaultPath="/"
	// +ignore=["target", "**/node_modules"]
	source *dagger.Directory,
	// Directory of the Rust workspace below the source (default: the source itself)
	//
	// +optional
	workspace *string,
	// Reference of the image to build in (default: slipway's own, made from Debian's packages)
	//
	// +optional
	toolchain *string,
	// Image to build in, as a directory with an OCI layout
	//
	// +optional
	toolchainLayout *dagger.Directory,
	// Debian image whose apt fetches the packages of slipway's own toolchain (default: debian:bookworm-slim)
	//
	// +optional
	base *dagger.Container,
	// Address of the server that other channels of Rust come from (default: rustup's own)
	//
	// +optional
	rustupDistServer *string,
	// Channel of Rust that the toolchain file's stands for, such as 1.97.1 for stable (default: what it stands for now)
	//
	// +optional
	channel *string,
	// Limits of a step, if the defaults are too low, as in time=6h,memory=8GiB,disk=100GiB,file=20GiB,log=1GiB,processes=20000
	//
	// +optional
	limits *string,
) *Slipway {
	m := &Slipway{Source: source, ToolchainLayout: toolchainLayout, Base: base, Signing: &Signing{}}
	m.Workspace, m.ToolchainRef, m.Limits = m.text("workspace", workspace), m.text("toolchain", toolchain), m.text("limits", limits)
	m.RustServer, m.Channel = m.text("rustup-dist-server", rustupDistServer), m.text("channel", channel)
	return m
}

// Let a release reach a server that your machine reaches and the engine does not, by its host name.
//
// A registry, a GitHub Enterprise server or a sigstore behind a VPN, say, where the
// engine is elsewhere.
func (m *Slipway) WithService(
	// Host name by which addresses name the server
	host string,
	// The server, as in tcp://registry.example.org:443
	service *dagger.Service,
) *Slipway {
	m.Services = append(m.Services, service.WithHostname(m.text("host", &host)))
	return m
}

// Give the token of a registry other than crates.io.
//
// It is for the registry that the workspace's .cargo/config.toml knows by this name, and
// is sent to the server of this index alone, which the workspace must name too. The token of crates.io is `--registry-token`.
func (m *Slipway) WithRegistryToken(
	// Name of the registry, as in `publish = ["NAME"]`
	registry string,
	// Its token
	token *dagger.Secret,
	// Where its index is, like sparse+https://registry.example.org/index/: the token goes nowhere else
	index string,
) *Slipway {
	m.Registries, m.RegistryIndexes, m.RegistryTokens = append(m.Registries, m.text("registry", &registry)), append(m.RegistryIndexes, m.text("index", &index)), append(m.RegistryTokens, token)
	return m
}

// Make slipway's own toolchain image, from signed Debian packages and, if asked for, a channel of Rust.
func (m *Slipway) Toolchain(
	ctx context.Context,
	// Channel of Rust to make it with, as a toolchain file names it (default: Debian's release)
	//
	// +optional
	channel *string,
) (*dagger.Container, error) {
	v := &app.Toolchain{Channel: m.text("channel", channel)}
	in, err := m.inputs(ctx)
	if err != nil {
		return nil, err
	}
	id, err := module.Toolchain(ctx, in, v)
	if err != nil {
		return nil, err
	}
	return dag.LoadContainerFromID(dagger.ContainerID(id)), nil
}

// One crate of the workspace, to plan, build, test or package.
func (m *Slipway) Crate(
	// Name of the crate: a member of the workspace
	name string,
	// Version to release: the one in the crate's manifest
	version string,
) *Crate {
	return &Crate{Slipway: m, Name: m.text("name", &name), Version: m.text("version", &version)}
}

// Crate is one crate of the workspace in the version to release.
type Crate struct {
	// +private
	Slipway *Slipway
	// Name of the crate
	Name string
	// Version to release
	Version string
}

// subject returns the options for the crate.
func (c *Crate) subject() app.OneCrate {
	return app.OneCrate{Subject: app.Subject{Crate: c.Name, Version: c.Version}}
}

// actions adds the identity of a job of GitHub Actions to what is signed with.
func (m *Slipway) actions(url, token *dagger.Secret) {
	if url != nil && token != nil {
		m.Signing.OidcRequestURL, m.Signing.OidcRequestToken = url, token
	}
}

// run runs a verb and returns what it prints.
func (m *Slipway) run(ctx context.Context, v app.Verb) (string, error) {
	in, err := m.inputs(ctx)
	if err != nil {
		return "", err
	}
	return module.Text(ctx, in, v)
}

// directory runs a verb and returns the files that it writes.
func (m *Slipway) directory(ctx context.Context, v app.Verb) (*dagger.Directory, error) {
	in, err := m.inputs(ctx)
	if err != nil {
		return nil, err
	}
	id, err := module.Directory(ctx, in, v)
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// changed runs a verb and returns a directory with the files that it changes below another.
func (m *Slipway) changed(ctx context.Context, dir *dagger.Directory, below string, v app.Verb) (*dagger.Directory, error) {
	in, err := m.inputs(ctx)
	if err != nil {
		return nil, err
	}
	files, err := module.Files(ctx, in, v)
	for name, text := range files {
		dir = dir.WithNewFile(path.Join(below, name), text)
	}
	return dir, err
}

// inputs starts the services, so that every container of the session, this one too, knows their
// names, and returns what was given before the function.
func (m *Slipway) inputs(ctx context.Context) (in module.Inputs, err error) {
	if len(m.Empty) > 0 {
		return in, fmt.Errorf("checking --%s: %w", m.Empty[0], app.ErrEmpty)
	}
	in = module.Inputs{Workspace: m.Workspace, Toolchain: m.ToolchainRef, RustServer: m.RustServer, Channel: m.Channel, Limits: m.Limits, Signing: m.Signing.options()}
	for _, s := range m.Services {
		if _, err := s.Start(ctx); err != nil {
			return in, err
		}
		host, err := s.Hostname(ctx)
		if err != nil {
			return in, err
		}
		in.Services = append(in.Services, host)
	}
	if in.Source, err = idOf(ctx, m.Source); err != nil {
		return in, err
	}
	if in.Layout, err = idOf(ctx, m.ToolchainLayout); err != nil {
		return in, err
	}
	if m.Base != nil {
		id, err := m.Base.ID(ctx)
		if err != nil {
			return in, err
		}
		in.Base = string(id)
	}
	for i, name := range m.Registries {
		in.Registries = append(in.Registries, module.RegistryToken{Registry: name, Index: m.RegistryIndexes[i], Token: secretOf(m.RegistryTokens[i])})
	}
	return in, nil
}

// idOf returns how another client of the session knows a directory, "" for none.
func idOf(ctx context.Context, dir *dagger.Directory) (string, error) {
	if dir == nil {
		return "", nil
	}
	id, err := dir.ID(ctx)
	return string(id), err
}

func secretOf(s *dagger.Secret) app.Secret {
	if s == nil {
		return nil
	}
	return func(ctx context.Context) (secret.Text, error) {
		text, err := s.Plaintext(ctx)
		return secret.New(text), err
	}
}

func secretFile(s *dagger.Secret) app.File {
	if s == nil {
		return app.File{}
	}
	return app.File{Read: func(ctx context.Context) ([]byte, error) {
		text, err := s.Plaintext(ctx)
		return []byte(text), err
	}}
}

func file(f *dagger.File) app.File {
	if f == nil {
		return app.File{}
	}
	return app.File{Read: func(ctx context.Context) ([]byte, error) {
		text, err := f.Contents(ctx)
		return []byte(text), err
	}}
}

func directory(d *dagger.Directory) app.Directory {
	if d == nil {
		return app.Directory{}
	}
	return app.Directory{Set: true, Export: func(ctx context.Context, to string) error {
		_, err := d.Export(ctx, to)
		return err
	}}
}

// text returns the value of an option, "" for none, and notes that one is given but empty: see
// [app.ErrEmpty].
func (m *Slipway) text(name string, value *string) string {
	if value == nil {
		return ""
	}
	if *value == "" {
		m.Empty = append(m.Empty, name)
	}
	return *value
}

// list does the same for a list.
func (m *Slipway) list(name string, values []string) []string {
	if values != nil && len(values) == 0 || slices.Contains(values, "") {
		m.Empty = append(m.Empty, name)
	}
	return values
}
