package main

import (
	"github.com/spf13/cobra"

	"dagger/slipway/ci/app"
)

// command is a verb with its words. Its flags are made from the verb's declarations.
type command struct {
	cobra.Command
	verb app.Verb
	args *[]string // where the command's arguments go; nil if it takes none
}

// commands returns new commands.
func commands() (list []*command) {
	for _, w := range words {
		c := &command{Command: w.Command, verb: w.verb()}
		if v, ok := c.verb.(*app.Verify); ok {
			c.args = &v.Paths
		}
		list = append(list, c)
	}
	return list
}

// words are the commands of slipway in words, with the verb of each.
var words = []struct {
	verb func() app.Verb
	cobra.Command
}{
	{verb: func() app.Verb { return &app.Release{} }, Command: cobra.Command{
		Use:   "release-crate --crate NAME --version VERSION",
		Short: "Build, test and package a crate; publish it unless this is a dry run",
		Long: `Build a crate of the workspace for both musl targets, run its tests, and write
the tarballs that users download, with their checksums, to --out. A dry run,
which is the default, does all of that and changes nothing anywhere. With
--dry-run=false the crate is released: signed, uploaded to a draft on GitHub,
published to its registry, tagged and announced. What is done is found done, so
that a release that ended anywhere is finished by running it again. Tokens come
from the environment: GITHUB_TOKEN, and CARGO_REGISTRY_TOKEN for crates.io or
CARGO_REGISTRIES_NAME_TOKEN for another registry.

With --dist nothing is built or signed: the artifacts that ` + "`slipway dist`" + ` has made
are verified, against who must have signed them and against the plan, and published.
With --staged a dry run runs no step: it packages what ` + "`slipway stage`" + ` has left.`,
		Example: "  slipway release-crate --source examples/workspace --crate shim-demo --version 0.1.0 --dry-run",
	}},
	{verb: func() app.Verb { return &app.Train{} }, Command: cobra.Command{
		Use:   "release-train [--crates NAME[@VERSION],…]",
		Short: "Release several crates, what one needs before it; a dry run unless told otherwise",
		Long: `Release several crates of the workspace in the order of their dependencies. A
dry run, which is the default, does of each what release-crate does as a dry run.
With --dry-run=false everything that could stop any of them is looked at first and
told at once; then every crate is built, tested and packaged, and none is published
unless all are; then one is released after the other, each as release-crate does:
the next one begins when the registry's index shows the one before. Where the
registry asks to wait, that is waited, up to 15 minutes each time. A train that
ended anywhere is finished by running it again.

Without --crates it is every crate that goes to a registry. A crate whose dependency
is neither in the registry nor in the train is refused. Artifacts are written to a
directory below --out for each crate. Tokens come from the environment: GITHUB_TOKEN,
and CARGO_REGISTRY_TOKEN for crates.io or CARGO_REGISTRIES_NAME_TOKEN for another registry.`,
		Example: "  slipway release-train --source examples/workspace --crates shimkit,shim-core --plan",
	}},
	{verb: func() app.Verb { return &app.Plan{} }, Command: cobra.Command{
		Use:     "plan --crate NAME --version VERSION",
		Short:   "Print everything that a release would do, and its digest; run nothing",
		Example: "  slipway plan --source examples/workspace --crate shim-demo --version 0.1.0 --json",
	}},
	{verb: func() app.Verb { return &app.Build{} }, Command: cobra.Command{
		Use:   "build --crate NAME --version VERSION",
		Short: "Build a crate's binaries for both targets, as a release would",
	}},
	{verb: func() app.Verb { return &app.Test{} }, Command: cobra.Command{
		Use:   "test --crate NAME --version VERSION",
		Short: "Run a crate's tests for both targets, as a release would",
	}},
	{verb: func() app.Verb { return &app.Stage{} }, Command: cobra.Command{
		Use:   "stage --crate NAME --version VERSION",
		Short: "Build, test and package a crate for another job to sign; sign nothing",
		Long: `Run every step of a release and write what they leave to --out, unsigned: the
binaries, the .crate file, and what cargo and rustc said. Another job, which runs
nothing of the workspace, signs it with ` + "`slipway dist --staged`" + `. The digest that is
printed names the directory; hand it to that job by another way than the directory.
In GitHub Actions it is the step's output "digest".`,
	}},
	{verb: func() app.Verb { return &app.Dist{} }, Command: cobra.Command{
		Use:   "dist --crate NAME --version VERSION",
		Short: "Build, test, package and sign a crate; publish nothing",
		Long: `Build a crate of the workspace for both musl targets, run its tests, sign its
binaries and write the tarballs that users download, with their checksums, to
--out. Signatures are recorded in a public transparency log, unless --rekor-url
names another. Nothing is published. In GitHub Actions the job's own identity
signs (permissions: id-token: write); elsewhere give --identity-token or --key.

With --staged nothing is built and no step runs: what ` + "`slipway stage`" + ` has left in
another job is compared with --staged-digest and with the plan, and signed.`,
	}},
	{verb: func() app.Verb { return &app.Images{} }, Command: cobra.Command{
		Use:     "release-demo-app --version VERSION",
		Aliases: []string{"release-images"},
		Short:   "Build the workspace's OCI images; push, sign and tag them unless this is a dry run",
		Long: `Build the images that the workspace declares in [workspace.metadata.slipway.images]
(runwasi's four need no declaration) and write each as an OCI layout to --out,
with its SBOM. A dry run, which is the default, does that and changes nothing
anywhere. With --dry-run=false each image is pushed by its digest, signed,
described by a signed SBOM and signed provenance, and tagged with the version;
latest moves where no higher version is there. A release that ended anywhere is
finished by running it again. The registry's credentials are those of the docker
config, or $REGISTRY_USERNAME and $REGISTRY_PASSWORD.

With --stage the steps run and nothing else happens: --out gets what they leave. With
--staged no step runs: the images are made of what another job has staged.`,
		Example: "  slipway release-demo-app --source examples/workspace --version 0.1.0 --dry-run",
	}},
	{verb: func() app.Verb { return &app.Verify{} }, Command: cobra.Command{
		Use:   "verify [PATH...]",
		Short: "Verify a release, tarballs of one, directories they were unpacked to, or an image",
		Long: `Verify that every binary in a release's tarball, or in the directory that one was
unpacked to, is signed by the release workflow of a repository, in both forms of
signature, and that nothing is there that no one signed. The run that signed must
have been of that repository, on the ref of the identity (--source-ref), on a runner
of GitHub's own (--runner-environment). A SHA256SUMS beside a tarball is compared too,
and so are the SBOMs and the provenance there; a tarball alone may be of any version.

With --tag all that the release has on GitHub is downloaded and verified as a whole,
as a directory with tarballs is: every file that its provenance lists must be there,
and no other, of the tag's crate and version and of the commit that the tag is at. A
release without files cannot be told from one that lost them. With --image the image
of a registry is verified; one with a version for its tag must be of that version.

Exit status: 0 all is good, 1 something is bad (a dry run's artifacts are: they are
no release), 2 cannot say.`,
		Example: "  slipway verify --repository containerd/runwasi containerd-shim-wasmtime-x86_64-linux-musl.tar.gz",
	}},
	{verb: func() app.Verb { return &app.Reproduce{} }, Command: cobra.Command{
		Use:   "reproduce --crate NAME --version VERSION --repository OWNER/NAME",
		Short: "Build a published release again and compare it byte by byte with what users download",
		Long: `Download the GitHub release of a crate's version, and the crate of its registry,
build all of it again from the checkout of the release's tag, and say of every file
whether it has the same bytes: binaries, tarballs, checksums, SBOMs, the packaged
crate, and what the provenance says. Signatures, certificates and signed statements,
which no one can make again, are verified as ` + "`slipway verify`" + ` does. The checkout
must be the commit that the tag is at, with no change. Exit status: 0 all is the same,
1 something differs, 2 cannot say. $GITHUB_TOKEN is used where there is one, and
$CARGO_REGISTRIES_NAME_TOKEN for a registry that wants it to be read.`,
		Example: "  git checkout my-shim/v1.2.3 && slipway reproduce --crate my-shim --version 1.2.3 --repository OWNER/NAME",
	}},
	{verb: func() app.Verb { return &app.Order{} }, Command: cobra.Command{
		Use:   "release-order",
		Short: "Print the order in which crates must be released: what a crate needs comes before it",
	}},
	{verb: func() app.Verb { return &app.Prepare{} }, Command: cobra.Command{
		Use:   "prepare-release --crate NAME --version VERSION",
		Short: "Bump a crate's version everywhere and close its changelog's Unreleased section",
		Long: `Make what goes before a release: the crate's new version in its manifest, in the
requirements of its dependents and in Cargo.lock, and in its changelog a section
of that version with what was Unreleased. Without a flag the changes are printed
as a diff; --write makes them here, --open-pull-request proposes them on GitHub.`,
	}},
	{verb: func() app.Verb { return &app.Workflows{} }, Command: cobra.Command{
		Use:   "workflows",
		Short: "Make the GitHub Actions workflows that release the workspace",
		Long: `Make the workflows that release the workspace's crates, and its images where it
has some, in GitHub Actions. Without a flag the changes are printed as a diff;
--write makes them here, --check fails where there are any. The workflows take
slipway from --slipway, or from where they take it now.`,
		Example: "  slipway workflows --slipway OWNER/NAME@COMMIT --write",
	}},
	{verb: func() app.Verb { return &app.Toolchain{} }, Command: cobra.Command{
		Use:   "toolchain",
		Short: "Make slipway's own toolchain image from Debian packages, as an OCI layout",
		Long: `Make the image that crates are built in where none is named: Rust with the two
musl targets and wasm32-wasip1, from signed Debian packages alone. It is made
once for each recipe and kept in the cache; the path of its OCI layout is
printed. Pass it to --toolchain, or push it with any tool that reads layouts.`,
	}},
}
