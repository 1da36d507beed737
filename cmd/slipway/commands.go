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
published to its registry, tagged and announced. Completed steps are detected and
skipped: to continue an interrupted release, run it again. Tokens come from the
environment: GITHUB_TOKEN, and CARGO_REGISTRY_TOKEN for crates.io or
CARGO_REGISTRIES_NAME_TOKEN for another registry.

With --dist nothing is built or signed: the artifacts of ` + "`slipway dist`" + ` are verified,
against the expected signer and against the plan, and published.
With --staged a dry run runs no steps: it packages the results of ` + "`slipway stage`" + `.`,
		Example: "  slipway release-crate --source examples/workspace --crate shim-demo --version 0.1.0 --dry-run",
	}},
	{verb: func() app.Verb { return &app.Train{} }, Command: cobra.Command{
		Use:   "release-train [--crates NAME[@VERSION],…]",
		Short: "Release several crates, dependencies first; a dry run unless told otherwise",
		Long: `Release several crates of the workspace in the order of their dependencies. A
dry run, which is the default, does for each what release-crate does in a dry run.
With --dry-run=false everything that could stop any of them is checked first and
reported at once; then every crate is built, tested and packaged, and none is
published unless all succeed; then they are released one by one, each as release-crate
does: the next one begins when the registry's index shows the one before. slipway
waits as long as the registry asks, up to 15 minutes each time. To continue an
interrupted train, run it again.

Without --crates the train is every crate that goes to a registry. A crate whose
dependency is neither in the registry nor in the train is refused. Artifacts are written to a
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
		Long: `Run every step of a release and write the results to --out, unsigned: the
binaries, the .crate file, and the output of cargo and rustc. Another job, which runs
no code of the workspace, signs them with ` + "`slipway dist --staged`" + `. The printed digest
identifies the directory; pass it to that job separately from the directory.
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

With --staged nothing is built and no step runs: the results of ` + "`slipway stage`" + ` in
another job are compared with --staged-digest and with the plan, and signed.`,
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
latest moves unless a higher version exists. To continue an interrupted release, run
it again. The registry's credentials are those of the docker config, or
$REGISTRY_USERNAME and $REGISTRY_PASSWORD.

With --stage the steps run and nothing else happens: their results go to --out. With
--staged no step runs: the images are made from what another job has staged.`,
		Example: "  slipway release-demo-app --source examples/workspace --version 0.1.0 --dry-run",
	}},
	{verb: func() app.Verb { return &app.Verify{} }, Command: cobra.Command{
		Use:   "verify [PATH...]",
		Short: "Verify a release, its tarballs, directories they were unpacked to, or an image",
		Long: `Verify that every binary in a release's tarball, or in the directory it was unpacked
to, is signed by the release workflow of a repository, in both forms of signature,
and that it contains nothing unsigned. The run that signed must belong to that
repository, on the ref of the identity (--source-ref), on a GitHub-hosted runner
(--runner-environment). A SHA256SUMS beside a tarball is compared too, and so are the
SBOMs and the provenance there; a tarball alone may be of any version.

With --tag all files of the release on GitHub are downloaded and verified as a whole,
like a directory with tarballs: every file that its provenance lists must be there,
and no other, with the tag's crate and version and the commit that the tag is at. A
release without files cannot be told from one that lost them. With --image the image
in a registry is verified; if its tag is a version, it must be of that version.

Exit status: 0 all is good, 1 something is bad (a dry run's artifacts are: they are
not a release), 2 cannot say.`,
		Example: "  slipway verify --repository containerd/runwasi containerd-shim-wasmtime-x86_64-linux-musl.tar.gz",
	}},
	{verb: func() app.Verb { return &app.Reproduce{} }, Command: cobra.Command{
		Use:   "reproduce --crate NAME --version VERSION --repository OWNER/NAME",
		Short: "Build a published release again and compare it byte by byte with what users download",
		Long: `Download the GitHub release of a crate's version, and the crate from its registry,
build all of it again from a checkout of the release's tag, and report for every file
whether it has the same bytes: binaries, tarballs, checksums, SBOMs, the packaged
crate, and the content of the provenance. Signatures, certificates and signed
statements, which only the signer can make, are verified as with ` + "`slipway verify`" + `.
The checkout must be the commit that the tag is at, unchanged. Exit status: 0 all is
the same, 1 something differs, 2 cannot say. $GITHUB_TOKEN is used if set, and
$CARGO_REGISTRIES_NAME_TOKEN for a registry that requires it for reading.`,
		Example: "  git checkout my-shim/v1.2.3 && slipway reproduce --crate my-shim --version 1.2.3 --repository OWNER/NAME",
	}},
	{verb: func() app.Verb { return &app.Order{} }, Command: cobra.Command{
		Use:   "release-order",
		Short: "Print the order in which crates must be released: dependencies first",
	}},
	{verb: func() app.Verb { return &app.Prepare{} }, Command: cobra.Command{
		Use:   "prepare-release --crate NAME --version VERSION",
		Short: "Bump a crate's version everywhere and close its changelog's Unreleased section",
		Long: `Make the changes that precede a release: the crate's new version in its manifest, in
the requirements of its dependents (also of packages that are not members, if they rule
it out) and in Cargo.lock, and a changelog section for that
version with the notes from Unreleased, or else from the commits since the last tag.
What cannot be changed is told, and the rest is done. Without a flag the changes are
printed as a diff; --write makes them here, --open-pull-request proposes them on GitHub.`,
	}},
	{verb: func() app.Verb { return &app.Workflows{} }, Command: cobra.Command{
		Use:   "workflows",
		Short: "Write the GitHub Actions workflows that release the workspace",
		Long: `Generate the workflows that release the workspace's crates, and its images if it
has any, in GitHub Actions. Without a flag the changes are printed as a diff;
--write makes them here, --check fails if there are any. The workflows take
slipway from --slipway, or from where they take it now.`,
		Example: "  slipway workflows --slipway OWNER/NAME@COMMIT --write",
	}},
	{verb: func() app.Verb { return &app.Toolchain{} }, Command: cobra.Command{
		Use:   "toolchain",
		Short: "Make slipway's own toolchain image from Debian packages, as an OCI layout",
		Long: `Make the default image that crates are built in: Rust with the two musl targets
and wasm32-wasip1, only from signed Debian packages. It is made once for each
recipe and kept in the cache; the path of its OCI layout is printed. Pass it to
--toolchain, or push it with any tool that reads layouts.`,
	}},
}
