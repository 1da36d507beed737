package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/verify"
)

// exitError ends the command with a specific exit status. Without err nothing is printed.
type exitError struct {
	status int
	err    error
}

func (e exitError) Error() string { return fmt.Sprint(e.err) }

func (e exitError) Unwrap() error { return e.err }

// Exit statuses of `slipway verify` and `slipway reproduce` besides 0, which means that all is
// good.
const (
	exitBad     = 1
	exitUnknown = 2
)

// verification holds the flags of `slipway verify`.
type verification struct {
	signedBy
	repository, key, trustedRoot string
	tag, image, api              string
	json                         bool
}

func verifyCommand() *cobra.Command {
	v := &verification{}
	c := &cobra.Command{
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
		Args: func(c *cobra.Command, args []string) error {
			for name, value := range map[string]string{"tag": v.tag, "image": v.image} {
				if c.Flags().Changed(name) && value == "" {
					return fmt.Errorf("checking what to verify: --%s is empty: expected a name", name)
				}
			}
			if len(args) == 0 && v.tag == "" && v.image == "" {
				return errors.New("checking what to verify: name files or directories, a release (--tag crate/v1.2.3) or an image (--image)")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			e, err := v.expectation(c.Context())
			if err != nil {
				return exitError{exitUnknown, err}
			}
			reports, err := v.reports(c.Context(), args, e)
			if err != nil {
				return exitError{exitUnknown, err}
			}
			worst := verify.Good
			for _, r := range reports {
				if err := v.print(c, r); err != nil {
					return err
				}
				if worst == verify.Good || r.Verdict == verify.Bad {
					worst = r.Verdict
				}
			}
			switch worst {
			case verify.Bad:
				return exitError{status: exitBad}
			case verify.Unknown:
				return exitError{status: exitUnknown}
			}
			return nil
		},
	}
	v.signerFlags(c)
	f := c.Flags()
	f.StringVar(&v.tag, "tag", "", "verify the GitHub release of this `tag`; $GITHUB_TOKEN is used where there is one")
	f.StringVar(&v.image, "image", "", "verify the image of this `reference`")
	f.BoolVar(&v.json, "json", false, "print JSON for a program instead of text for a person")
	return c
}

// signerFlags defines the flags for whose release it is and who must have signed it.
func (v *verification) signerFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&v.repository, "repository", os.Getenv("GITHUB_REPOSITORY"), "GitHub `owner/name` whose release it is")
	v.signedBy.flags(c)
	f.StringVar(&v.key, "key", "", "public key `file` that must have signed, instead of an identity")
	f.StringVar(&v.trustedRoot, "trusted-root", "", "trusted root `file` of a sigstore of your own (default: that of the public one)")
	apiFlag(f, &v.api)
}

// reports verifies everything that the arguments and flags name.
func (v *verification) reports(ctx context.Context, paths []string, e verify.Expectation) ([]*verify.Report, error) {
	var reports []*verify.Report
	for _, name := range paths {
		reports = append(reports, verify.Path(ctx, name, e))
	}
	if v.tag != "" {
		r, err := verify.Tag(ctx, github.Options{Repository: v.repository, Token: os.Getenv("GITHUB_TOKEN"), API: v.api}, v.tag, e)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	if v.image != "" {
		if v.identity == "" {
			e.Identity = verify.Identity(v.repository, verify.ImageWorkflow)
		}
		reports = append(reports, verify.Image(ctx, v.image, e))
	}
	return reports, nil
}

func (v *verification) print(c *cobra.Command, r *verify.Report) error {
	out := []byte(r.Text())
	if v.json {
		var err error
		if out, err = r.JSON(); err != nil {
			return err
		}
	}
	_, err := c.OutOrStdout().Write(out)
	return err
}

// expectation returns who must have signed.
func (v *verification) expectation(ctx context.Context) (verify.Expectation, error) {
	var key []byte
	if v.key != "" {
		var err error
		if key, err = readArgumentFile(ctx, v.key); err != nil {
			return verify.Expectation{}, fmt.Errorf("reading the public key: %w", err)
		}
	}
	e, err := v.expect(v.repository, key)
	if err != nil {
		return e, err
	}
	if v.trustedRoot != "" {
		e.Root, err = readTrustedRoot(ctx, v.trustedRoot)
		return e, err
	}
	if e.Root, err = root.FetchTrustedRoot(); err != nil {
		return e, fmt.Errorf("reading the trusted root: %w: name a file with --trusted-root", err)
	}
	return e, nil
}
