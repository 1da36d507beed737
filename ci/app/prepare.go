package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/change"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/prepare"
	"dagger/slipway/ci/sourcefs"
)

// Prepare makes the changes that go before a release.
type Prepare struct {
	Root
	_           struct{} `exclusive:"write,open-pull-request"`
	Crate       string   `name:"crate" required:"true" complete:"crates" help:"crate to prepare: a member of the workspace"`
	Version     string   `name:"version" required:"true" help:"version to release next"`
	Write       bool     `name:"write" help:"change the files here" only:"command"`
	Propose     bool     `name:"open-pull-request" help:"propose the changes on GitHub ($GITHUB_TOKEN), from the clean head of the release branch" only:"command"`
	Repository  string   `name:"repository" env:"GITHUB_REPOSITORY" help:"GitHub <owner/name> for the pull request" only:"command"`
	GitHubToken Secret   `name:"github-token" env:"GITHUB_TOKEN" only:"environment"`
	API         `only:"command"`
}

// Run reads the files of the caller, not the copy of the source, because it changes them.
func (v *Prepare) Run(ctx context.Context, h Host) (Outcome, error) {
	dir, prefix, err := v.place(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	files, err := sourcefs.OpenBelow(ctx, dir, prefix)
	if err != nil {
		return Outcome{}, err
	}
	defer files.Close()
	w, err := cargo.Read(files)
	if err != nil {
		return Outcome{}, err
	}
	changes, err := prepare.New(w, files, prepare.Request{
		Crate: v.Crate, Version: v.Version, Date: time.Now().UTC(),
		History: func(q notes.Question) (notes.History, error) {
			source, err := h.Source(ctx, v.Root)
			if err != nil {
				return notes.History{}, err
			}
			return source.History(ctx, q)
		},
	})
	if err != nil {
		return Outcome{}, err
	}
	made := Outcome{Notes: slices.Concat(changes.Notes, w.Unread().Lines()), Files: map[string]string{}}
	for _, f := range changes.Files {
		made.Files[f.Path] = f.New
	}
	switch {
	case v.Propose:
		made.Output, err = v.propose(ctx, h, w, changes)
	case v.Write:
		if err = changes.Write(dir, prefix); err == nil {
			made.Output = console.Sprintf("%s is prepared: %d files changed; commit them, get them merged, and release\n", changes.Tag, len(changes.Files))
		}
	default:
		made.diff(changes.Diff())
		for _, f := range changes.Files {
			if !fs.ValidPath(f.Path) {
				made.Notes = append(made.Notes, console.Sprintf("%q is outside the workspace, where `git apply` changes nothing: --write changes it", f.Path))
			}
		}
	}
	return made, err
}

// place returns the root of the repository, and the workspace's directory in it: the changelog may be
// above the workspace. Outside a repository it is the workspace.
func (v *Prepare) place(ctx context.Context, h Host) (root, prefix string, err error) {
	dir, err := h.Files(ctx, v.Source)
	if err == nil {
		err = checkParent(ctx, h, v.Source)
	}
	if err == nil {
		root, prefix, err = checkout.Repository(dir)
	}
	if root == "" {
		root = dir
	}
	return root, prefix, err
}

// diff makes a diff the output. If it has characters that are shown as escapes, a note warns that
// it cannot be applied.
func (o *Outcome) diff(text string) {
	o.Output = text
	if console.Clean(text) != text {
		o.Notes = append(o.Notes, "the diff shows characters as escapes (\\x1b, \\r), so `git apply` cannot apply it: --write changes the files themselves")
	}
}

// tracked returns the new text of the changed files that git tracks, by path from the
// repository's root. A lock file that git ignores changes on disk only. from has a copy of the
// tracked files.
func tracked(ctx context.Context, from *checkout.Source, changes *prepare.Changeset) (map[string]string, error) {
	files := map[string]string{}
	_, err := from.Add(ctx, func(name string) bool {
		return slices.ContainsFunc(changes.Files, func(f change.File) bool { return path.Join(from.Prefix(), f.Path) == name })
	})
	if err != nil {
		return nil, err
	}
	copied, err := from.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer copied.Close()
	for _, f := range changes.Files {
		switch _, err := copied.Lstat(f.Path); {
		case err == nil:
			files[path.Join(from.Prefix(), f.Path)] = f.New
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return files, nil
}

// propose opens the pull request, or finds the open one, and returns what to tell of it.
func (v *Prepare) propose(ctx context.Context, h Host, w *cargo.Workspace, changes *prepare.Changeset) (string, error) {
	branch := cmp.Or(w.Settings.ReleaseBranch, plan.ReleaseBranch)
	copied, err := h.Source(ctx, v.Root)
	if err != nil {
		return "", err
	}
	source, err := copied.State(ctx, branch)
	if err == nil {
		err = source.CheckRelease()
	}
	if err != nil {
		return "", err
	}
	client, err := v.client(ctx, v.Repository, v.GitHubToken)
	if err != nil {
		return "", err
	}
	files, err := tracked(ctx, copied, changes)
	if err != nil {
		return "", err
	}
	pull, err := client.Propose(ctx, github.Change{
		Base: branch, From: source.Commit, Branch: "release/" + changes.Crate + "-v" + changes.To,
		Title: fmt.Sprintf("Prepare %s", changes.Tag),
		Body:  fmt.Sprintf("Version %s of %s, from %s: manifests, lock file and changelog. When this is merged, release it from %s.", changes.To, changes.Crate, changes.From, branch),
		Files: files,
	})
	if err != nil {
		return "", err
	}
	return console.Sprintf("%s is prepared: %s\n", changes.Tag, pull.URL), nil
}
