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
	"cmp"
	"context"

	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/module"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/workflows"
	"dagger/slipway/internal/dagger"
)

// Slipway releases the crates of one Rust workspace.
type Slipway struct {
	// +private
	Source *dagger.Directory
	// +private
	Workspace string
	// +private
	ToolchainRef string
	// +private
	ToolchainLayout *dagger.Directory
	// +private
	Base *dagger.Container
	// +private
	Limits string
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
	workspace string,
	// Reference of the image to build in (default: slipway's own, made from Debian's packages)
	//
	// +optional
	toolchain string,
	// Image to build in, as a directory with an OCI layout
	//
	// +optional
	toolchainLayout *dagger.Directory,
	// Debian image whose apt fetches the packages of slipway's own toolchain (default: debian:bookworm-slim)
	//
	// +optional
	base *dagger.Container,
	// What a step may use, where the default is not enough, as in time=6h,memory=8GiB,disk=100GiB,file=20GiB,log=1GiB,processes=20000
	//
	// +optional
	limits string,
) *Slipway {
	return &Slipway{Source: source, Workspace: workspace, ToolchainRef: toolchain, ToolchainLayout: toolchainLayout, Base: base, Limits: limits, Signing: &Signing{}}
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
	m.Services = append(m.Services, service.WithHostname(host))
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
	m.Registries, m.RegistryIndexes, m.RegistryTokens = append(m.Registries, registry), append(m.RegistryIndexes, index), append(m.RegistryTokens, token)
	return m
}

// Say with what a release signs.
//
// In GitHub Actions the job's own identity signs: pass
// `--oidc-request-url=env:ACTIONS_ID_TOKEN_REQUEST_URL` and
// `--oidc-request-token=env:ACTIONS_ID_TOKEN_REQUEST_TOKEN`. Elsewhere give a
// token or a key. Signatures are recorded in a public log, unless you name another.
func (m *Slipway) WithSigning(
	// Where GitHub Actions gives this job its identity tokens
	//
	// +optional
	oidcRequestURL *dagger.Secret,
	// What this job asks there with
	//
	// +optional
	oidcRequestToken *dagger.Secret,
	// OpenID Connect token that says who signs
	//
	// +optional
	identityToken *dagger.Secret,
	// Private key to sign with instead of an identity, as cosign makes it
	//
	// +optional
	key *dagger.Secret,
	// Password of the key
	//
	// +optional
	keyPassword *dagger.Secret,
	// Address of a Fulcio of your own (default: the public one)
	//
	// +optional
	fulcioURL string,
	// Address of a Rekor of your own (default: the public one)
	//
	// +optional
	rekorURL string,
	// Address of an RFC 3161 timestamp authority (default: none)
	//
	// +optional
	timestampURL string,
	// Trusted root of a sigstore of your own (default: that of the public one)
	//
	// +optional
	trustedRoot *dagger.File,
) *Slipway {
	m.Signing = &Signing{
		RequestURL: oidcRequestURL, RequestToken: oidcRequestToken, Token: identityToken, Key: key, KeyPassword: keyPassword,
		Fulcio: fulcioURL, Rekor: rekorURL, Timestamp: timestampURL, TrustedRoot: trustedRoot,
	}
	return m
}

// Release a crate: build, test, package, and unless this is a dry run sign, publish, tag and announce it.
//
// What is done is found done: a release that ended anywhere is finished by running
// it again. Where signing needs more than GitHub Actions' own identity, say so before:
// `with-signing … release-crate …`.
//
// +cache="never"
func (m *Slipway) ReleaseCrate(
	ctx context.Context,
	// Crate to release: a member of the workspace
	crate string,
	// Version to release: the one in the crate's manifest
	version string,
	// Run every step and change nothing anywhere
	//
	// +default=true
	dryRun bool,
	// GitHub repository to release in, as owner/name
	//
	// +optional
	repository string,
	// Token of GitHub with contents: write
	//
	// +optional
	githubToken *dagger.Secret,
	// Token of crates.io; those of other registries: `with-registry-token`
	//
	// +optional
	registryToken *dagger.Secret,
	// Where GitHub Actions gives this job its identity tokens (env:ACTIONS_ID_TOKEN_REQUEST_URL)
	//
	// +optional
	oidcRequestURL *dagger.Secret,
	// What this job asks there with (env:ACTIONS_ID_TOKEN_REQUEST_TOKEN)
	//
	// +optional
	oidcRequestToken *dagger.Secret,
	// Login of who releases, who is to be an owner of the crate
	//
	// +optional
	actor string,
	// The registry does not have the crate yet: do not ask for its owners
	//
	// +optional
	initialRelease bool,
	// Directory that `crate … sign` has made, to publish as it is: build and sign nothing
	//
	// +optional
	dist *dagger.Directory,
) (string, error) {
	m.actions(oidcRequestURL, oidcRequestToken)
	return m.Crate(crate, version).Release(ctx, dryRun, repository, githubToken, registryToken, "", actor, initialRelease, dist, "", "", "")
}

// actions adds the identity of a job of GitHub Actions to what is signed with.
func (m *Slipway) actions(url, token *dagger.Secret) {
	if url != nil && token != nil {
		m.Signing.RequestURL, m.Signing.RequestToken = url, token
	}
}

// Release several crates, what one needs before it: all are built and tested before the first is published.
//
// What is done is found done: a train that ended anywhere, between two crates or
// within one, is finished by running it again. Where the registry asks to wait,
// that is waited.
//
// +cache="never"
func (m *Slipway) ReleaseTrain(
	ctx context.Context,
	// Crates to release, as name or name@version (default: every one that goes to a registry)
	//
	// +optional
	crates []string,
	// Run every step and change nothing anywhere
	//
	// +default=true
	dryRun bool,
	// Print everything that the train would do, and its digest; run nothing
	//
	// +optional
	plan bool,
	// Print JSON for a program instead of text for a person
	//
	// +optional
	asJSON bool,
	// GitHub repository to release in, as owner/name
	//
	// +optional
	repository string,
	// Token of GitHub with contents: write
	//
	// +optional
	githubToken *dagger.Secret,
	// Token of crates.io; those of other registries: `with-registry-token`
	//
	// +optional
	registryToken *dagger.Secret,
	// Where GitHub Actions gives this job its identity tokens (env:ACTIONS_ID_TOKEN_REQUEST_URL)
	//
	// +optional
	oidcRequestURL *dagger.Secret,
	// What this job asks there with (env:ACTIONS_ID_TOKEN_REQUEST_TOKEN)
	//
	// +optional
	oidcRequestToken *dagger.Secret,
	// Base address of a GitHub Enterprise server's API
	//
	// +optional
	githubAPI string,
	// Login of who releases, who is to be an owner of the crates
	//
	// +optional
	actor string,
	// Crates of the train that the registry does not have yet: do not ask for their owners
	//
	// +optional
	initialRelease []string,
) (string, error) {
	t := module.Train{Plan: plan, DryRun: dryRun, JSON: asJSON, To: module.Publishing{Repository: repository, GitHubAPI: githubAPI, Actor: actor, InitialRelease: initialRelease}}
	if err := reveal(ctx, map[*string]*dagger.Secret{&t.To.GitHubToken: githubToken, &t.To.RegistryToken: registryToken}); err != nil {
		return "", err
	}
	m.actions(oidcRequestURL, oidcRequestToken)
	var err error
	if t.Signing, err = m.Signing.read(ctx); err != nil {
		return "", err
	}
	s, err := m.open(ctx, "", "", crates...)
	if err != nil {
		return "", err
	}
	return s.Train(ctx, t)
}

// Print everything that a release would do, and its digest; run nothing.
func (m *Slipway) Plan(
	ctx context.Context,
	// Crate to release: a member of the workspace
	crate string,
	// Version to release: the one in the crate's manifest
	version string,
	// Print JSON for a program instead of text for a person
	//
	// +optional
	asJSON bool,
) (string, error) {
	return m.Crate(crate, version).Plan(ctx, asJSON)
}

// Bump a crate's version everywhere and close its changelog's Unreleased section: the changes that go before a release.
//
// +cache="never"
func (m *Slipway) PrepareRelease(
	ctx context.Context,
	// Crate to prepare: a member of the workspace
	crate string,
	// Version to release next
	version string,
) (*dagger.Changeset, error) {
	s, err := m.open(ctx, crate, version)
	if err != nil {
		return nil, err
	}
	files, err := s.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	changed := m.Source
	for name, content := range files {
		changed = changed.WithNewFile(name, content)
	}
	return changed.Changes(m.Source), nil
}

// Make the GitHub Actions workflows that release the workspace: a directory to export to the repository's root.
func (m *Slipway) Workflows(
	ctx context.Context,
	// Where slipway comes from, as OWNER/NAME@COMMIT (default: as in the workflows that are there)
	//
	// +optional
	slipway string,
	// Directory of the Rust workspace below the source, where that is the root of a repository with more in it
	//
	// +optional
	workspace string,
	// Run the steps on a Dagger engine, which the jobs start
	//
	// +optional
	engine bool,
) (*dagger.Directory, error) {
	s, err := m.open(ctx, "", "")
	if err != nil {
		return nil, err
	}
	id, err := s.Workflows(ctx, workflows.Options{Slipway: slipway, Workspace: cmp.Or(workspace, m.Workspace), Engine: engine})
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// Print the order in which crates must be released: what a crate needs comes before it.
func (m *Slipway) ReleaseOrder(
	ctx context.Context,
	// Only this crate and what must be released before it
	//
	// +optional
	crate string,
) (string, error) {
	s, err := m.open(ctx, crate, "")
	if err != nil {
		return "", err
	}
	return s.Order(ctx)
}

// Release the workspace's OCI images: build, and unless this is a dry run push, sign, describe and tag them.
//
// What is done is found done: a release that ended anywhere is finished by running
// it again. Where signing needs more than GitHub Actions' own identity, say so before:
// `with-signing … release-demo-app …`.
//
// +cache="never"
func (m *Slipway) ReleaseDemoApp(
	ctx context.Context,
	// Version of the images
	version string,
	// Run every step and change nothing anywhere
	//
	// +default=true
	dryRun bool,
	// Print everything that a release would do, and its digest; run nothing
	//
	// +optional
	plan bool,
	// Names of the images to release (default: all)
	//
	// +optional
	image []string,
	// Host of the registry
	//
	// +default="ghcr.io"
	registry string,
	// What the images go below, as owner/name
	//
	// +optional
	repository string,
	// User of the registry
	//
	// +optional
	registryUsername string,
	// Password or token of that user
	//
	// +optional
	registryPassword *dagger.Secret,
	// Where GitHub Actions gives this job its identity tokens (env:ACTIONS_ID_TOKEN_REQUEST_URL)
	//
	// +optional
	oidcRequestURL *dagger.Secret,
	// What this job asks there with (env:ACTIONS_ID_TOKEN_REQUEST_TOKEN)
	//
	// +optional
	oidcRequestToken *dagger.Secret,
	// Directory that `images` has made, to release as it is: build nothing
	//
	// +optional
	dist *dagger.Directory,
	// Print JSON for a program instead of text for a person
	//
	// +optional
	asJSON bool,
) (string, error) {
	m.actions(oidcRequestURL, oidcRequestToken)
	s, err := m.open(ctx, "", version)
	if err != nil {
		return "", err
	}
	o := module.Images{Names: image, Plan: plan, DryRun: dryRun, JSON: asJSON, Registry: registry, Repository: repository, Username: registryUsername}
	if o.Signing, err = m.Signing.read(ctx); err != nil {
		return "", err
	}
	if err := reveal(ctx, map[*string]*dagger.Secret{&o.Password: registryPassword}); err != nil {
		return "", err
	}
	if o.Dist, err = idOf(ctx, dist); err != nil {
		return "", err
	}
	return s.Images(ctx, o)
}

// Build the workspace's OCI images: a directory with an OCI layout for each, and its SBOM beside it.
func (m *Slipway) Images(
	ctx context.Context,
	// Version of the images
	version string,
	// Names of the images to build (default: all)
	//
	// +optional
	image []string,
) (*dagger.Directory, error) {
	s, err := m.open(ctx, "", version)
	if err != nil {
		return nil, err
	}
	id, err := s.ImagesFiles(ctx, image)
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// Make slipway's own toolchain image, from signed Debian packages alone.
func (m *Slipway) Toolchain(ctx context.Context) (*dagger.Container, error) {
	s, err := m.open(ctx, "", "")
	if err != nil {
		return nil, err
	}
	id, err := s.Toolchain(ctx)
	if err != nil {
		return nil, err
	}
	return dag.LoadContainerFromID(dagger.ContainerID(id)), nil
}

// Verify a release, its tarballs, a directory that one was unpacked to, or an image, as a stranger would; bad ones are an error.
//
// +cache="never"
func (m *Slipway) Verify(
	ctx context.Context,
	// Directory with tarballs and what lies beside them in a release, or with a binary and what signs it
	//
	// +optional
	dist *dagger.Directory,
	// Tag of a GitHub release, like crate/v1.2.3, to download and verify
	//
	// +optional
	tag string,
	// Reference of an image to verify
	//
	// +optional
	image string,
	// Token of GitHub, for a release that not everyone may read
	//
	// +optional
	githubToken *dagger.Secret,
	// GitHub repository whose release it is, as owner/name
	//
	// +optional
	repository string,
	// Exact identity that must have signed (default: .github/workflows/action-build.yml@refs/heads/main of the repository)
	//
	// +optional
	certificateIdentity string,
	// Exact issuer of the identity
	//
	// +default="https://token.actions.githubusercontent.com"
	certificateOidcIssuer string,
	// Full git ref of the repository that the run must have been on (default: that of the identity)
	//
	// +optional
	sourceRef string,
	// Kind of runner that the run must have been on: github-hosted (the default) or self-hosted
	//
	// +optional
	runnerEnvironment string,
	// Public key that must have signed, instead of an identity
	//
	// +optional
	key *dagger.File,
	// Trusted root of a sigstore of your own (default: that of the public one)
	//
	// +optional
	trustedRoot *dagger.File,
	// Print JSON for a program instead of text for a person
	//
	// +optional
	asJSON bool,
) (string, error) {
	if err := m.reach(ctx); err != nil {
		return "", err
	}
	v := module.Verification{
		Tag: tag, Image: image, Repository: repository, Identity: certificateIdentity, Issuer: certificateOidcIssuer,
		SourceRef: sourceRef, Runner: runnerEnvironment, JSON: asJSON,
	}
	var err error
	if v.Dist, err = idOf(ctx, dist); err != nil {
		return "", err
	}
	if err := reveal(ctx, map[*string]*dagger.Secret{&v.GitHubToken: githubToken}); err != nil {
		return "", err
	}
	for to, from := range map[*string]*dagger.File{&v.Key: key, &v.TrustedRoot: trustedRoot} {
		if from != nil {
			if *to, err = from.Contents(ctx); err != nil {
				return "", err
			}
		}
	}
	return module.Verify(ctx, v)
}

// Build a published release again from its tag, and say byte by byte whether what users download is what the source gives; what differs is an error.
//
// The source must be a checkout of the tag's commit. Signatures, which no one can make
// again, are verified.
//
// +cache="never"
func (m *Slipway) Reproduce(
	ctx context.Context,
	// Crate that was released: a member of the workspace
	crate string,
	// Version that was released
	version string,
	// GitHub repository whose release it is, as owner/name
	repository string,
	// Token of GitHub, for a release that not everyone may read
	//
	// +optional
	githubToken *dagger.Secret,
	// Token of the registry, for one that wants it to be read
	//
	// +optional
	registryToken *dagger.Secret,
	// Base address of a GitHub Enterprise server's API
	//
	// +optional
	githubAPI string,
	// Exact identity that must have signed (default: .github/workflows/action-build.yml@refs/heads/main of the repository)
	//
	// +optional
	certificateIdentity string,
	// Exact issuer of the identity
	//
	// +default="https://token.actions.githubusercontent.com"
	certificateOidcIssuer string,
	// Full git ref of the repository that the run must have been on (default: that of the identity)
	//
	// +optional
	sourceRef string,
	// Kind of runner that the run must have been on: github-hosted (the default) or self-hosted
	//
	// +optional
	runnerEnvironment string,
	// Public key that must have signed, instead of an identity
	//
	// +optional
	key *dagger.File,
	// Trusted root of a sigstore of your own (default: that of the public one)
	//
	// +optional
	trustedRoot *dagger.File,
	// Address of a Fulcio of your own that the release was signed with: its plan names it
	//
	// +optional
	fulcioURL string,
	// Address of a Rekor of your own, likewise
	//
	// +optional
	rekorURL string,
	// Address of an RFC 3161 timestamp authority, likewise
	//
	// +optional
	timestampURL string,
	// Print JSON for a program instead of text for a person
	//
	// +optional
	asJSON bool,
) (string, error) {
	r := module.Reproduction{
		Repository: repository, GitHubAPI: githubAPI, Identity: certificateIdentity, Issuer: certificateOidcIssuer,
		SourceRef: sourceRef, Runner: runnerEnvironment, Fulcio: fulcioURL, Rekor: rekorURL, Timestamp: timestampURL, JSON: asJSON,
	}
	if err := reveal(ctx, map[*string]*dagger.Secret{&r.GitHubToken: githubToken, &r.RegistryToken: registryToken}); err != nil {
		return "", err
	}
	for to, from := range map[*string]*dagger.File{&r.Key: key, &r.TrustedRoot: trustedRoot} {
		if from != nil {
			var err error
			if *to, err = from.Contents(ctx); err != nil {
				return "", err
			}
		}
	}
	s, err := m.open(ctx, crate, version)
	if err != nil {
		return "", err
	}
	return s.Reproduce(ctx, r)
}

// One crate of the workspace, to plan, build, test or package.
func (m *Slipway) Crate(
	// Name of the crate: a member of the workspace
	name string,
	// Version to release: the one in the crate's manifest
	version string,
) *Crate {
	return &Crate{Slipway: m, Name: name, Version: version}
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

// Signing says with what a release is signed.
type Signing struct {
	// +private
	RequestURL *dagger.Secret
	// +private
	RequestToken *dagger.Secret
	// +private
	Token *dagger.Secret
	// +private
	Key *dagger.Secret
	// +private
	KeyPassword *dagger.Secret
	// +private
	Fulcio string
	// +private
	Rekor string
	// +private
	Timestamp string
	// +private
	TrustedRoot *dagger.File
}

// Print everything that a release would do, and its digest; run nothing.
func (c *Crate) Plan(
	ctx context.Context,
	// Print JSON for a program instead of text for a person
	//
	// +optional
	asJSON bool,
) (string, error) {
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return "", err
	}
	return s.PlanText(ctx, asJSON)
}

// Build the crate's binaries, one directory per target.
func (c *Crate) Build(ctx context.Context) (*dagger.Directory, error) {
	return c.directory(ctx, (*release.Release).Build)
}

// Run the crate's tests for both targets, and say what ran.
func (c *Crate) Test(ctx context.Context) (string, error) {
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return "", err
	}
	return s.Test(ctx)
}

// Build, test and package the crate: the directory that a release uploads.
func (c *Crate) Dist(ctx context.Context) (*dagger.Directory, error) {
	return c.directory(ctx, func(r *release.Release, ctx context.Context) error {
		_, err := r.DryRun(ctx)
		return err
	})
}

// Build, test, package and sign the crate, and publish nothing: the directory that a release uploads.
//
// `with-signing` says with what is signed.
//
// +cache="never"
func (c *Crate) Sign(ctx context.Context) (*dagger.Directory, error) {
	o, err := c.Slipway.Signing.read(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return nil, err
	}
	id, err := s.Sign(ctx, o)
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// Build, test and package the crate for `sign-staged` to sign elsewhere, where nothing of the workspace runs.
//
// `with-signing` says how it will be signed, and needs no token here.
//
// +cache="never"
func (c *Crate) Stage(ctx context.Context) (*dagger.Directory, error) {
	with := c.Slipway.Signing
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return nil, err
	}
	id, err := s.Stage(ctx, module.Signing{Fulcio: with.Fulcio, Rekor: with.Rekor, Timestamp: with.Timestamp}, with.Key != nil)
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// Sign and package what `stage` has left, and run nothing: the directory that a release uploads.
//
// `with-signing` says with what is signed.
//
// +cache="never"
func (c *Crate) SignStaged(
	ctx context.Context,
	// Directory that `stage` has left
	staged *dagger.Directory,
	// Digest of that directory, "sha256:…", which came by another way than the directory
	digest string,
) (*dagger.Directory, error) {
	o, err := c.Slipway.Signing.read(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return nil, err
	}
	dir, err := idOf(ctx, staged)
	if err != nil {
		return nil, err
	}
	id, err := s.SignStaged(ctx, o, dir, digest)
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// Release the crate, or do everything of that but its effects.
//
// `with-signing` says with what is signed.
//
// +cache="never"
func (c *Crate) Release(
	ctx context.Context,
	// Run every step and change nothing anywhere
	//
	// +default=true
	dryRun bool,
	// GitHub repository to release in, as owner/name
	//
	// +optional
	repository string,
	// Token of GitHub with contents: write
	//
	// +optional
	githubToken *dagger.Secret,
	// Token of crates.io; those of other registries: `with-registry-token`
	//
	// +optional
	registryToken *dagger.Secret,
	// Base address of a GitHub Enterprise server's API
	//
	// +optional
	githubAPI string,
	// Login of who releases, who is to be an owner of the crate
	//
	// +optional
	actor string,
	// The registry does not have the crate yet: do not ask for its owners
	//
	// +optional
	initialRelease bool,
	// Directory that `sign` has made, to publish as it is: build and sign nothing
	//
	// +optional
	dist *dagger.Directory,
	// Exact identity that must have signed it (default: .github/workflows/action-build.yml@refs/heads/main of the repository)
	//
	// +optional
	certificateIdentity string,
	// Full git ref of the repository that the run must have been on (default: that of the identity)
	//
	// +optional
	sourceRef string,
	// Kind of runner that the run must have been on: github-hosted (the default) or self-hosted
	//
	// +optional
	runnerEnvironment string,
) (string, error) {
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return "", err
	}
	if dryRun && dist == nil {
		summary, err := s.DryRun(ctx)
		if err != nil {
			return "", err
		}
		return summary.Text(""), nil
	}
	o, err := c.Slipway.Signing.read(ctx)
	if err != nil {
		return "", err
	}
	to := module.Publishing{Repository: repository, GitHubAPI: githubAPI, Actor: actor}
	if initialRelease {
		to.InitialRelease = []string{c.Name}
	}
	if err := reveal(ctx, map[*string]*dagger.Secret{&to.GitHubToken: githubToken, &to.RegistryToken: registryToken}); err != nil {
		return "", err
	}
	to.Identity, to.SourceRef, to.Runner, to.DryRun = certificateIdentity, sourceRef, runnerEnvironment, dryRun
	if to.Dist, err = idOf(ctx, dist); err != nil {
		return "", err
	}
	summary, err := s.Publish(ctx, o, to)
	if err != nil {
		return "", err
	}
	return summary.Text(""), nil
}

// Do a dry run and print its result as JSON, for a program.
//
// +cache="never"
func (c *Crate) Json(ctx context.Context) (string, error) {
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return "", err
	}
	summary, err := s.DryRun(ctx)
	if err != nil {
		return "", err
	}
	raw, err := summary.JSON()
	return string(raw), err
}

// read reads the secrets: this process signs.
func (s *Signing) read(ctx context.Context) (module.Signing, error) {
	o := module.Signing{Fulcio: s.Fulcio, Rekor: s.Rekor, Timestamp: s.Timestamp}
	err := reveal(ctx, map[*string]*dagger.Secret{
		&o.RequestURL: s.RequestURL, &o.RequestToken: s.RequestToken, &o.Token: s.Token, &o.Key: s.Key, &o.KeyPassword: s.KeyPassword,
	})
	if err == nil && s.TrustedRoot != nil {
		o.TrustedRoot, err = s.TrustedRoot.Contents(ctx)
	}
	return o, err
}

// reveal reads the secrets that were given.
func reveal(ctx context.Context, secrets map[*string]*dagger.Secret) error {
	for to, from := range secrets {
		if from == nil {
			continue
		}
		var err error
		if *to, err = from.Plaintext(ctx); err != nil {
			return err
		}
	}
	return nil
}

// directory runs a part of the release that leaves files and returns them.
func (c *Crate) directory(ctx context.Context, do func(*release.Release, context.Context) error) (*dagger.Directory, error) {
	s, err := c.Slipway.open(ctx, c.Name, c.Version)
	if err != nil {
		return nil, err
	}
	id, err := s.Files(ctx, do)
	if err != nil {
		return nil, err
	}
	return dag.LoadDirectoryFromID(dagger.DirectoryID(id)), nil
}

// reach starts the services: from then on every container of the session, this
// one too, knows their names.
func (m *Slipway) reach(ctx context.Context) error {
	for _, s := range m.Services {
		if _, err := s.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (m *Slipway) open(ctx context.Context, crate, version string, train ...string) (*module.Session, error) {
	if err := m.reach(ctx); err != nil {
		return nil, err
	}
	in := module.Inputs{Workspace: m.Workspace, Toolchain: m.ToolchainRef, Limits: m.Limits, Crate: crate, Version: version, Crates: train}
	var err error
	if in.Source, err = idOf(ctx, m.Source); err != nil {
		return nil, err
	}
	if in.Layout, err = idOf(ctx, m.ToolchainLayout); err != nil {
		return nil, err
	}
	if m.Base != nil {
		id, err := m.Base.ID(ctx)
		if err != nil {
			return nil, err
		}
		in.Base = string(id)
	}
	for i, name := range m.Registries {
		var token string
		if err := reveal(ctx, map[*string]*dagger.Secret{&token: m.RegistryTokens[i]}); err != nil {
			return nil, err
		}
		in.Registries = append(in.Registries, module.RegistryToken{Registry: name, Index: m.RegistryIndexes[i], Token: credential.NewText(token)})
	}
	for _, s := range m.Services {
		host, err := s.Hostname(ctx)
		if err != nil {
			return nil, err
		}
		in.Services = append(in.Services, host)
	}
	return module.Open(ctx, in)
}

// idOf is how the session knows a directory, "" for none.
func idOf(ctx context.Context, dir *dagger.Directory) (string, error) {
	if dir == nil {
		return "", nil
	}
	id, err := dir.ID(ctx)
	return string(id), err
}
