package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/prepare"
	"dagger/slipway/ci/sourcefs"
	"dagger/slipway/ci/workflows"
)

// generation holds the flags of `slipway workflows`.
type generation struct {
	workflows.Options
	source       string
	write, check bool
}

func workflowsCommand() *cobra.Command {
	g := &generation{}
	c := &cobra.Command{
		Use:   "workflows",
		Short: "Make the GitHub Actions workflows that release the workspace",
		Long: `Make the workflows that release the workspace's crates, and its images where it
has some, in GitHub Actions. Without a flag the changes are printed as a diff;
--write makes them here, --check fails where there are any. The workflows take
slipway from --slipway, or from where they take it now.`,
		Example: "  slipway workflows --slipway OWNER/NAME@COMMIT --write",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return g.run(c) },
	}
	f := c.Flags()
	f.StringVar(&g.source, "source", ".", "root of the repository, a `directory`")
	f.StringVar(&g.Workspace, "workspace", "", "`directory` of the Rust workspace below the repository's root")
	f.StringVar(&g.Slipway, "slipway", "", "where slipway comes from, as `OWNER/NAME@COMMIT`")
	f.BoolVar(&g.Engine, "engine", false, "run the steps on a Dagger engine, which the jobs start")
	f.BoolVar(&g.write, "write", false, "change the files here")
	f.BoolVar(&g.check, "check", false, "fail where files are out of date")
	c.MarkFlagsMutuallyExclusive("write", "check")
	return c
}

func (g *generation) run(c *cobra.Command) error {
	changes, err := g.changes(c.Context())
	if err != nil {
		return err
	}
	var names []string
	for _, f := range changes {
		names = append(names, f.Path)
	}
	out := c.OutOrStdout()
	switch {
	case g.check && len(names) > 0:
		return fmt.Errorf("checking the workflows: out of date: %s: run slipway workflows --write with the same flags, and commit them", strings.Join(names, ", "))
	case g.check:
		console.Fprintf(out, "the workflows are up to date\n")
	case g.write:
		if err := workflows.Write(g.source, changes); err != nil {
			return err
		}
		for _, name := range names {
			console.Fprintf(out, "%s\n", name)
		}
		console.Fprintf(out, "%d files changed\n", len(names))
	default:
		return printDiff(c, prepare.Diff(changes))
	}
	return err
}

func (g *generation) changes(ctx context.Context) ([]prepare.File, error) {
	root, err := sourcefs.Open(ctx, g.source)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	below, err := fs.Sub(root, path.Clean(cmp.Or(g.Workspace, ".")))
	if err != nil {
		return nil, fmt.Errorf("reading the workspace %q: %w", g.Workspace, err)
	}
	w, err := cargo.Read(below)
	if err != nil {
		return nil, err
	}
	o := g.Options
	if o.Slipway, err = workflows.Pin(root, o.Slipway); err != nil {
		return nil, err
	}
	if o.Content, err = workflows.ContentOf(root); err != nil {
		return nil, fmt.Errorf("reading the repository: %w", err)
	}
	files, err := workflows.New(w, o)
	if err != nil {
		return nil, err
	}
	return workflows.Changes(root, files)
}
