package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/prepare"
	"dagger/slipway/ci/sourcefs"
)

func prepareCommand() *cobra.Command {
	o := &options{}
	to := &remotes{}
	var write, open bool
	c := &cobra.Command{
		Use:   "prepare-release --crate NAME --version VERSION",
		Short: "Bump a crate's version everywhere and close its changelog's Unreleased section",
		Long: `Make what goes before a release: the crate's new version in its manifest, in the
requirements of its dependents and in Cargo.lock, and in its changelog a section
of that version with what was Unreleased. Without a flag the changes are printed
as a diff; --write makes them here, --open-pull-request proposes them on GitHub.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			files, err := sourcefs.Open(c.Context(), o.source)
			if err != nil {
				return err
			}
			defer files.Close()
			w, err := cargo.Read(files)
			if err != nil {
				return err
			}
			changes, err := prepare.New(w, files, prepare.Request{Crate: o.crate, Version: o.version, Date: time.Now().UTC()})
			if err != nil {
				return err
			}
			for _, note := range changes.Notes {
				console.Fprintf(c.ErrOrStderr(), "note: %s\n", note)
			}
			switch {
			case open:
				return o.propose(c, to, w, changes)
			case write:
				if err := changes.Write(o.source); err != nil {
					return err
				}
				console.Fprintf(c.OutOrStdout(), "%s is prepared: %d files changed; commit them, have them merged, and release\n", changes.Tag, len(changes.Files))
				return nil
			}
			return printDiff(c, changes.Diff())
		},
	}
	f := c.Flags()
	f.StringVar(&o.source, "source", ".", "root of the Rust workspace, a `directory`")
	f.StringVar(&o.crate, "crate", "", "crate to prepare: a member of the workspace")
	f.StringVar(&o.version, "version", "", "version to release next")
	f.BoolVar(&write, "write", false, "change the files here")
	f.BoolVar(&open, "open-pull-request", false, "propose the changes on GitHub ($GITHUB_TOKEN), from the clean head of the release branch")
	f.StringVar(&to.repository, "repository", os.Getenv("GITHUB_REPOSITORY"), "GitHub `owner/name` for the pull request")
	apiFlag(f, &to.api)
	c.MarkFlagsMutuallyExclusive("write", "open-pull-request")
	for _, name := range []string{"crate", "version"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was defined above
		}
	}
	if err := c.RegisterFlagCompletionFunc("crate", o.completeCrates); err != nil {
		panic(err) // the flag was defined above
	}
	return c
}

// propose opens the pull request, or finds the open one, and prints its URL.
func (o *options) propose(c *cobra.Command, to *remotes, w *cargo.Workspace, changes *prepare.Changeset) error {
	branch := cmp.Or(w.Settings.ReleaseBranch, plan.ReleaseBranch)
	source, err := checkout.State(c.Context(), o.source, branch)
	if err == nil {
		err = source.CheckRelease()
	}
	if err != nil {
		return err
	}
	client, err := github.New(github.Options{Repository: to.repository, Token: os.Getenv("GITHUB_TOKEN"), API: to.api})
	if err != nil {
		return errors.Join(err, errors.New("name the repository (--repository owner/name)"))
	}
	made, err := proposal(c.Context(), client, branch, source, changes)
	if err != nil {
		return err
	}
	console.Fprintf(c.OutOrStdout(), "%s is prepared: %s\n", changes.Tag, made.URL)
	return nil
}

// printDiff prints a diff. If it has to escape characters of the files, it warns that the diff
// cannot be applied.
func printDiff(c *cobra.Command, diff string) error {
	if console.Clean(diff) != diff {
		console.Fprintf(c.ErrOrStderr(), "note: the diff shows characters as escapes (\\x1b, \\r), so that `git apply` cannot take it: --write changes the files themselves\n")
	}
	_, err := io.WriteString(c.OutOrStdout(), diff)
	return err
}

func proposal(ctx context.Context, client *github.Client, branch string, source plan.Source, changes *prepare.Changeset) (github.Pull, error) {
	files := map[string]string{}
	for _, f := range changes.Files {
		files[path.Join(source.Directory, f.Path)] = f.New
	}
	return client.Propose(ctx, github.Change{
		Base: branch, From: source.Commit, Branch: "release/" + changes.Crate + "-v" + changes.To,
		Title: fmt.Sprintf("Prepare %s", changes.Tag),
		Body:  fmt.Sprintf("Version %s of %s, from %s: manifests, lock file and changelog. When this is merged, release it from %s.", changes.To, changes.Crate, changes.From, branch),
		Files: files,
	})
}
