package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
)

// signing holds the flags that say how to sign.
type signing struct {
	token                    credential.Text
	key                      string
	fulcio, rekor, timestamp string
	trustedRoot              string
}

func (s *signing) flags(c *cobra.Command) {
	f := c.Flags()
	f.Var(secretFlag{&s.token}, "identity-token", "OpenID Connect `token` that says who signs (default: $SIGSTORE_ID_TOKEN, or that of the GitHub Actions job)")
	f.StringVar(&s.key, "key", "", "sign with this private key `file`, as cosign makes it, and $COSIGN_PASSWORD, instead of an identity")
	f.StringVar(&s.fulcio, "fulcio-url", "", "`address` of a Fulcio of your own (default: the public one)")
	f.StringVar(&s.rekor, "rekor-url", "", "`address` of a Rekor of your own (default: the public one)")
	f.StringVar(&s.timestamp, "timestamp-url", "", "`address` of an RFC 3161 timestamp authority (default: none)")
	f.StringVar(&s.trustedRoot, "trusted-root", "", "trusted root `file` of a sigstore of your own (default: that of the public one)")
}

// how returns the plan's term for the way of signing.
func (s *signing) how() string {
	if s.key != "" {
		return plan.SignedByKey
	}
	return plan.SignedKeyless
}

func (s *signing) options() sign.Options {
	return sign.Options{Fulcio: s.fulcio, Rekor: s.rekor, Timestamp: s.timestamp}
}

// signer returns the signer that the flags and the environment select.
func (s *signing) signer(ctx context.Context) (*sign.Signer, error) {
	o := s.options()
	if s.trustedRoot != "" {
		trusted, err := readTrustedRoot(ctx, s.trustedRoot)
		if err != nil {
			return nil, err
		}
		o.Root = trusted
	}
	if s.key != "" {
		raw, err := readArgumentFile(ctx, s.key)
		if err != nil {
			return nil, fmt.Errorf("reading the key to sign with: %w", err)
		}
		o.Key, o.KeyPassword = raw, []byte(os.Getenv("COSIGN_PASSWORD"))
	}
	url, bearer := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	switch {
	case !s.token.Empty():
		o.Token = sign.GivenToken(s.token.Reveal())
	case os.Getenv("SIGSTORE_ID_TOKEN") != "":
		o.Token = sign.GivenToken(os.Getenv("SIGSTORE_ID_TOKEN"))
	case url != "" && bearer != "":
		o.Token = sign.GitHubToken(url, bearer)
	}
	return sign.New(o)
}

func distCommand() *cobra.Command {
	o := &options{}
	staged := &stagedDirectory{}
	c := &cobra.Command{
		Use:   "dist --crate NAME --version VERSION",
		Short: "Build, test, package and sign a crate; publish nothing",
		Long: `Build a crate of the workspace for both musl targets, run its tests, sign its
binaries and write the tarballs that users download, with their checksums, to
--out. Signatures are recorded in a public transparency log, unless --rekor-url
names another. Nothing is published. In GitHub Actions the job's own identity
signs (permissions: id-token: write); elsewhere give --identity-token or --key.

With --staged nothing is built and no step runs: what ` + "`slipway stage`" + ` has left in
another job is compared with --staged-digest and with the plan, and signed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			signer, err := o.releaseSigner(c.Context()) // before anything is built
			if err != nil {
				return err
			}
			o.releases = true
			do := func(r *release.Release) (*release.Summary, error) {
				r.Signer = signer
				return r.Dist(c.Context())
			}
			if isSet(c, "staged") {
				return o.runStaged(c, *staged, do)
			}
			return o.run(c, do)
		},
	}
	o.planFlags(c)
	o.runFlags(c)
	o.signing.flags(c)
	staged.stagedFlags(c)
	c.Flags().StringVar(&o.out, "out", "dist", "`directory` for the artifacts")
	return c
}
