package app

// This file declares the options that several verbs share. The tags are read by [Options].

// Root names the workspace.
type Root struct {
	Source string `name:"source" default:"." help:"root of the Rust workspace, a <directory>" only:"command"`
}

// Where returns the options themselves, so that a front end can set those of any verb.
func (r *Root) Where() *Root { return r }

// Output says how a result is printed.
type Output struct {
	JSON bool `name:"json" parameter:"asJSON" help:"print JSON for a program instead of text for a person"`
}

// Workspace names the workspace and the image that it is built in.
type Workspace struct {
	Root
	Output
	Toolchain string `name:"toolchain" help:"<image> to build in: a directory with an OCI layout, a registry reference, or \"debian\" for slipway's own with Debian's Rust" only:"command"`
	// Channel keeps what a moving channel stood for: in another job, a later run, or `reproduce`.
	Channel string `name:"channel" help:"<channel> of Rust that the toolchain file's stands for, such as 1.97.1 for stable (default: what it stands for now)" only:"command"`
	// RustServer is asked for the channel.
	RustServer string `name:"rustup-dist-server" env:"RUSTUP_DIST_SERVER" help:"<address> of the server that other channels of Rust come from (default: $RUSTUP_DIST_SERVER, or rustup's own)" only:"command"`
	// Base is not part of the plan: nothing of it is in the image.
	Base string `name:"base" env:"SLIPWAY_BASE" help:"Debian <image> with apt that slipway's own image is made in (default: $SLIPWAY_BASE; else this machine if it is a Debian, or debian:bookworm-slim)" only:"command"`
}

// baseOption names Base in errors.
const baseOption = "the base of slipway's own image (--base)"

// Subject names the crate to release.
type Subject struct {
	Crate   string `name:"crate" required:"true" complete:"crates" help:"crate to release: a member of the workspace"`
	Version string `name:"version" required:"true" help:"version to release: the one in the crate's manifest"`
}

// Running says where steps run, and what they may use.
type Running struct {
	Runner        string `name:"runner" default:"auto" complete:"auto,local,dagger" help:"where steps run: auto, <local> or dagger" only:"command"`
	Cache         string `name:"cache" help:"<directory> for files that can be recreated (default: the user's cache directory)" only:"command"`
	Limits        string `name:"limits" help:"limits of a step, if the defaults are too low, as <time=6h,memory=8GiB,disk=100GiB,file=20GiB,log=1GiB,processes=20000>" only:"command"`
	WeakerSandbox bool   `name:"weaker-sandbox" help:"run steps even if this machine lacks a part of the local sandbox" only:"command"`
}

// Signing says how to sign. A plan depends on the key and on the addresses.
type Signing struct {
	RequestURL    Secret `name:"oidc-request-url" env:"ACTIONS_ID_TOKEN_REQUEST_URL" help:"where GitHub Actions gives this job its identity tokens (env:ACTIONS_ID_TOKEN_REQUEST_URL)" only:"module"`
	RequestToken  Secret `name:"oidc-request-token" env:"ACTIONS_ID_TOKEN_REQUEST_TOKEN" help:"token for requests to that address (env:ACTIONS_ID_TOKEN_REQUEST_TOKEN)" only:"module"`
	IdentityToken Secret `name:"identity-token" env:"SIGSTORE_ID_TOKEN" help:"OpenID Connect <token> of the signer (default: $SIGSTORE_ID_TOKEN, or that of the GitHub Actions job)" module:"OpenID Connect token of the signer"`
	Key           File   `name:"key" secret:"true" help:"sign with this private key <file>, as made by cosign, and $COSIGN_PASSWORD, instead of an identity" module:"private key to sign with instead of an identity, as made by cosign"`
	KeyPassword   Secret `name:"key-password" env:"COSIGN_PASSWORD" help:"password of the key" only:"module"`
	FulcioURL     string `name:"fulcio-url" help:"<address> of your own Fulcio (default: the public one)"`
	RekorURL      string `name:"rekor-url" help:"<address> of your own Rekor (default: the public one)"`
	TimestampURL  string `name:"timestamp-url" help:"<address> of an RFC 3161 timestamp authority (default: none)"`
	TrustedRoot   File   `name:"trusted-root" help:"trusted root <file> of your own Sigstore (default: that of the public one)"`
}

// API is how GitHub is reached.
type API struct {
	GitHubAPI string `name:"github-api" env:"GITHUB_API_URL" help:"base <address> of a GitHub Enterprise server's API (default: $GITHUB_API_URL)" module:"base address of a GitHub Enterprise server's API"`
}

// Remotes says where a release is published, and as whom.
type Remotes struct {
	Repository    string `name:"repository" env:"GITHUB_REPOSITORY" help:"GitHub <owner/name> to release in"`
	GitHubToken   Secret `name:"github-token" env:"GITHUB_TOKEN" help:"GitHub token with contents: write" only:"module"`
	RegistryToken Secret `name:"registry-token" env:"CARGO_REGISTRY_TOKEN" help:"token of crates.io; for other registries: with-registry-token" only:"module"`
	API
	Actor       string `name:"actor" env:"GITHUB_ACTOR" help:"<login> of the releasing user, to be an owner of what is published"`
	Environment string `name:"environment" help:"<name> of the GitHub environment that this job runs in, to warn if it allows more than the release branch"`
}

// SignedBy says who must have signed, and in which kind of run.
type SignedBy struct {
	Identity          string `name:"certificate-identity" help:"exact <identity> that must have signed (default: .github/workflows/action-build.yml@refs/heads/main of the repository)"`
	Issuer            string `name:"certificate-oidc-issuer" default:"https://token.actions.githubusercontent.com" help:"exact <issuer> of the identity"`
	SourceRef         string `name:"source-ref" help:"full git <ref> of the repository that the run must have been on (default: that of the identity)"`
	RunnerEnvironment string `name:"runner-environment" help:"<kind> of runner that the run must have been on: github-hosted (the default) or self-hosted"`
}

// Released says who must have signed a published release, and how it is read.
type Released struct {
	SignedBy
	Key         File   `name:"key" help:"public key <file> that must have signed, instead of an identity"`
	TrustedRoot File   `name:"trusted-root" help:"trusted root <file> of your own Sigstore (default: that of the public one)"`
	GitHubToken Secret `name:"github-token" env:"GITHUB_TOKEN" help:"token of GitHub, for a release that not everyone may read" only:"module"`
	API
}

// Staged names what another job has staged. The directory is never used without checking its
// digest.
type Staged struct {
	_            struct{}  `together:"staged,staged-digest"`
	Staged       Directory `name:"staged" help:"take the results of the steps from this <directory>, which another job has staged, and run nothing"`
	StagedDigest string    `name:"staged-digest" help:"<digest> of that directory, as that job printed it"`
}
