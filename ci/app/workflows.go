package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/change"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/sourcefs"
	"dagger/slipway/ci/workflows"
)

// Workflows makes the GitHub Actions workflows that release the workspace.
type Workflows struct {
	_         struct{} `exclusive:"write,check"`
	Source    string   `name:"source" default:"." help:"root of the repository, a <directory>" only:"command"`
	Workspace string   `name:"workspace" help:"<directory> of the Rust workspace below the repository's root"`
	Slipway   string   `name:"slipway" help:"where slipway comes from, as <OWNER/NAME@COMMIT>" module:"where slipway comes from, as OWNER/NAME@COMMIT (default: as in the existing workflows)"`
	Engine    bool     `name:"engine" help:"run the steps on a Dagger engine, which the jobs start"`
	Write     bool     `name:"write" help:"change the files here" only:"command"`
	Check     bool     `name:"check" help:"fail if files are out of date" only:"command"`
}

// Run reads the files of the caller. All workflows are in the outcome, changed or not.
func (v *Workflows) Run(ctx context.Context, h Host) (Outcome, error) {
	dir, err := h.Files(ctx, v.Source)
	if err != nil {
		return Outcome{}, err
	}
	root, err := sourcefs.Open(ctx, dir)
	if err != nil {
		return Outcome{}, err
	}
	defer root.Close()
	files, err := v.files(ctx, h, dir, root)
	if err != nil {
		return Outcome{}, err
	}
	changes, err := workflows.Changes(root, files)
	if err != nil {
		return Outcome{}, err
	}
	made := Outcome{Files: files}
	err = v.settle(&made, dir, changes)
	return made, err
}

// files returns the workflows by path, for the repository in dir.
func (v *Workflows) files(ctx context.Context, h Host, dir string, root fs.FS) (map[string]string, error) {
	if v.Workspace != "" {
		up, parent, err := parent(ctx, h, filepath.Join(v.Source, v.Workspace))
		if err == nil && parent != "" {
			err = memberError(v.Workspace, up, "--workspace "+quote.Line(filepath.Join(v.Workspace, up)))
		}
		if err != nil {
			return nil, err
		}
	}
	prefix := path.Clean(v.Workspace)
	if prefix == "." {
		prefix = ""
	}
	below, err := sourcefs.OpenBelow(ctx, dir, prefix) // a member may be beside the workspace
	if err != nil {
		return nil, fmt.Errorf("reading the workspace %q: %w", v.Workspace, err)
	}
	defer below.Close()
	w, err := cargo.Read(below)
	if err != nil {
		return nil, err
	}
	o := workflows.Options{Workspace: v.Workspace, Engine: v.Engine}
	if o.Slipway, err = workflows.Pin(root, v.Slipway); err != nil {
		return nil, err
	}
	if o.Content, err = workflows.ContentOf(root); err != nil {
		return nil, fmt.Errorf("reading the repository: %w", err)
	}
	return workflows.New(w, o)
}

// settle prints the changes, writes them, or only looks whether there are any.
func (v *Workflows) settle(made *Outcome, dir string, changes []change.File) error {
	var names []string
	for _, f := range changes {
		names = append(names, f.Path)
	}
	switch {
	case v.Check && len(names) > 0:
		return errors.New("checking the workflows: out of date: " + strings.Join(names, ", ") + ": run slipway workflows --write with the same flags, and commit them")
	case v.Check:
		made.Output = "the workflows are up to date\n"
	case v.Write:
		if err := workflows.Write(dir, changes); err != nil {
			return err
		}
		for _, name := range append(names, fmt.Sprintf("%d files changed", len(names))) {
			made.Output += console.Sprintf("%s\n", name)
		}
	default:
		made.diff(change.Diff(changes))
	}
	return nil
}
