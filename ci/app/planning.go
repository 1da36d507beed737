package app

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/sourcefs"
	"dagger/slipway/ci/toolchain"
)

// read reads the workspace from the copy of its source, to which it adds the files outside the
// workspace that it needs. Its files stay open for later reads.
func (r Root) read(ctx context.Context, h Host) (*cargo.Workspace, *checkout.Source, error) {
	source, err := h.Source(ctx, r)
	if err == nil {
		err = checkParent(ctx, h, r.Source)
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := source.Add(ctx, cargo.ReadAbove(source.Prefix())); err != nil {
		return nil, nil, err
	}
	files, err := source.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	if _, err := source.Add(ctx, cargo.ReadBeside(files)); err != nil {
		return nil, nil, err
	}
	for {
		w, err := cargo.Read(files)
		if err != nil {
			return nil, nil, source.Explain(err)
		}
		w.Unnamed, w.Tracked, w.Explain = source.Unnamed(), source.Tracks, source.Explain
		more, err := source.Add(ctx, w.Outside()) // what is added may name more
		if err != nil || !more {
			return w, source, err
		}
	}
}

// checkParent returns an error if the directory that the caller has named is a member of another
// workspace: see parent.
func checkParent(ctx context.Context, h Host, named string) error {
	up, parent, err := parent(ctx, h, named)
	if err != nil || parent == "" {
		return err
	}
	return memberError(named, up, fmt.Sprintf("--source %s (with Dagger --workspace %s)", quote.Line(filepath.Join(named, up)), quote.Line(parent)))
}

// memberError says that a directory is a member of the workspace at up, relative to it, and what
// the caller can pass instead.
func memberError(named, up, pass string) error {
	return fmt.Errorf("reading the workspace %q: to cargo it is a member of the workspace in %s, whose lock file, profiles and patches it is built with: pass that one, %s; if it is none of its members, add it to `exclude` there", named, quote.Line(filepath.Join(named, up)), pass)
}

// parent returns the root of the workspace of which a directory that the caller has named is a
// member, as a path relative to the directory and one in the repository, "" if it is none: the lock
// file, profiles, patches and inherited fields that decide how it is built are there.
func parent(ctx context.Context, h Host, named string) (up, parent string, err error) {
	dir, err := h.Files(ctx, named)
	if err != nil {
		return "", "", err
	}
	root, below, err := checkout.Repository(dir)
	if err != nil || root == "" || below == "" {
		return "", "", err
	}
	files, err := sourcefs.Open(ctx, root)
	if err != nil {
		return "", "", err
	}
	defer files.Close()
	if parent, err = cargo.Parent(files, below); err != nil || parent == "" {
		return "", "", err
	}
	up, err = filepath.Rel(filepath.FromSlash(below), filepath.FromSlash(parent))
	return up, parent, err
}

// Crates returns the names and versions of the workspace's crates.
func Crates(ctx context.Context, h Host, r Root) (names, versions []string, err error) {
	w, _, err := r.read(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range w.Crates {
		names, versions = append(names, c.Name), append(versions, c.Version)
	}
	return names, versions, nil
}

// planning is a plan, and what it was made from.
type planning struct {
	plan           *plan.Plan
	workspace      *cargo.Workspace
	dir            string          // with the copy of the source
	toolchainNamed bool            // by the caller, instead of the workspace
	image          toolchain.Image // how the plan's toolchain is made, if slipway makes it
	notes          []string
}

// plan reads the workspace and plans what is requested.
func (w Workspace) plan(ctx context.Context, h Host, s *Signing, req plan.Request) (*planning, error) {
	read, source, err := w.read(ctx, h)
	if err != nil {
		return nil, err
	}
	if req.Source, err = source.State(ctx, cmp.Or(read.Settings.ReleaseBranch, plan.ReleaseBranch)); err != nil {
		return nil, err
	}
	if req.Record, err = source.Record(ctx, read.Dirs()); err != nil {
		return nil, err
	}
	if req.Toolchain, err = h.ToolchainName(ctx, w.Toolchain); err != nil {
		return nil, err
	}
	if err := address.CheckReference(baseOption, w.Base); err != nil {
		return nil, err
	}
	asked, err := w.askForRust(ctx, h, read, req.Toolchain)
	if err != nil {
		return nil, err
	}
	req.Rust, req.NoRust = asked.image.Rust, asked.why
	req.Signing, req.SigningServices = s.how(), s.options().Services()
	req.History = func(q notes.Question) (notes.History, error) { return source.History(ctx, q) }
	p, err := plan.New(read, req)
	if err != nil {
		return nil, err
	}
	return &planning{p, read, source.Dir, req.Toolchain != "", asked.image, asked.notes}, nil
}

// planOne reads the workspace and plans the release of one crate.
func (w Workspace) planOne(ctx context.Context, h Host, s *Signing, c Subject) (*planning, error) {
	if err := cargo.CheckName(c.Crate); err != nil { // "name@version" would be read as both
		return nil, err
	}
	return w.plan(ctx, h, s, plan.Request{Crates: []string{c.Crate + "@" + c.Version}})
}

// Plan prints what a release of a crate would do.
type Plan struct {
	Workspace
	Subject
	Signing // the plan says how it signs, and with which services
}

// Run reads the workspace and starts no container.
func (v *Plan) Run(ctx context.Context, h Host) (Outcome, error) {
	from, err := v.planOne(ctx, h, &v.Signing, v.Subject)
	if err != nil {
		return Outcome{}, err
	}
	told, err := v.planned(from.plan)
	told.Notes = from.notes
	return told, err
}
