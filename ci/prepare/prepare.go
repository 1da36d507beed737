// Package prepare makes the changes that precede a release: the crate's version, its
// dependents' requirements in the manifests, the lock file and the changelog. This is step 1 of
// a release, the pull request, and needs neither cargo nor a network, and git only for the
// commits that the request returns: a [Changeset] is a pure function of the workspace and the
// request.
//
// Files are edited in place, and all unrelated bytes are kept.
package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/change"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/version"
)

// Request is what the maintainer asks for.
type Request struct {
	Crate   string
	Version string
	// Date is the day of the release, in UTC, for the changelog.
	Date time.Time
	// History returns the commits that notes are made from if a changelog has none for the
	// release. It may be nil if there is no repository.
	History notes.Ask
}

// Changeset is everything to commit before a crate is released.
type Changeset struct {
	Crate string
	From  string // the version in the manifest
	To    string
	Tag   string        // of the release
	Files []change.File // sorted by path; only changed files
	// Notes lists what to know before committing, one sentence each.
	Notes []string
}

// Diff returns the changes as a unified diff.
func (c *Changeset) Diff() string { return change.Diff(c.Files) }

// New returns the changeset for the release that req asks for. w is the workspace that
// [cargo.Read] has read from fsys. The version must be accepted by [version.Parse] and higher
// than the crate's.
//
// If the crate inherits its version, [workspace.package] gets the new one, and so every crate
// that inherits it changes too. See bump for the requirements on changed crates, section for
// changelogs and lockValues for the lock file. Packages of the repository that are not members change too, see
// editOthers. What a changelog lacks is a note, and so are a missing lock file and a requirement that
// only its author can change. The result is checked by reading it again as a workspace.
func New(w *cargo.Workspace, fsys fs.FS, req Request) (*Changeset, error) {
	c, err := w.Crate(req.Crate)
	if err != nil {
		return nil, err
	}
	to, err := version.Parse(req.Version)
	if err != nil {
		return nil, err
	}
	numbers, err := semver.StrictNewVersion(to.String())
	if err != nil {
		return nil, err
	}
	p := &preparation{
		workspace: w, fsys: fsys, crate: c, version: to, to: numbers,
		day: req.Date.UTC().Format(time.DateOnly), history: req.History, files: map[string]change.File{}, seen: map[string]bool{}, left: map[left]bool{},
	}
	if req.Date.IsZero() {
		err = errors.New("the request has no date: give the day of the release")
	} else {
		err = p.run()
	}
	if err != nil {
		return nil, fmt.Errorf("preparing crate %q for %s: %w", c.Name, to, err)
	}
	s := &Changeset{Crate: c.Name, From: c.Version, To: to.String(), Tag: to.Tag(c.Name), Notes: p.notes}
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		s.Files = append(s.Files, p.files[name])
	}
	return s, nil
}

// preparation is a changeset in the making.
type preparation struct {
	workspace *cargo.Workspace
	fsys      fs.FS
	crate     *cargo.Crate
	version   version.Version
	to        *semver.Version // the same as version, for comparisons
	day       string
	history   notes.Ask

	manifests  []*manifest
	changed    []*cargo.Crate             // crates that get the new version, sorted by name
	changelogs map[string]cargo.Changelog // of the changed crates, by name; the zero value for none
	seen       map[string]bool            // changelogs that were edited or left, by their path
	sectioned  []*cargo.Crate             // crates whose changelog has a section for the new version
	files      map[string]change.File
	notes      []string
	left       map[left]bool
	without    []string // names of crates without a changelog
}

// left is a requirement on a changed crate that stays although it rules out the new version.
type left struct{ crate, requirement string }

// run performs the edits in order. The crate's changelog is edited first, so that what there is
// to say about it comes first.
func (p *preparation) run() error {
	for _, step := range []func() error{
		p.checkHigher, p.readManifests, p.findChanged, p.findChangelogs,
		p.editChangelog, p.editManifests, p.editOthers, p.editLock, p.editOtherChangelogs,
		p.check,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// checkHigher checks that the new version is higher than the manifest's, which may have build
// metadata.
func (p *preparation) checkHigher() error {
	from, err := semver.StrictNewVersion(p.crate.Version)
	if err != nil {
		return fmt.Errorf("reading the version %q that it has: %w; write MAJOR.MINOR.PATCH in its manifest", p.crate.Version, err)
	}
	if p.to.GreaterThan(from) {
		return nil
	}
	if from.String() == p.to.String() {
		return fmt.Errorf("comparing versions: it is already at %q: if that is not released yet, add its section to the changelog by hand, otherwise ask for a higher version", from)
	}
	patch, minor := from.IncPatch(), from.IncMinor()
	return fmt.Errorf("comparing versions: it is at %q, and a version only goes up: ask for a higher one, such as %s or %s", from, &patch, &minor)
}

// read returns the text of a file to edit. It rejects a symbolic link, because the target has
// another name and may belong to somebody else.
func (p *preparation) read(name string) (string, error) {
	info, err := fs.Lstat(p.fsys, name)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("reading %q: it is not a regular file: replace it with one, links are not edited", name)
	}
	raw, err := fs.ReadFile(p.fsys, name)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	return string(raw), nil
}

// edit records a file's new content.
func (p *preparation) edit(name, before, after string) {
	if before != after {
		p.files[name] = change.File{Path: name, Old: before, New: after}
	}
}

func (p *preparation) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// isChanged returns the crate with that name if it gets the new version, or nil.
func (p *preparation) isChanged(name string) *cargo.Crate {
	i := slices.IndexFunc(p.changed, func(c *cargo.Crate) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return p.changed[i]
}

// list joins names as in a sentence: "a", "b" and "c".
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	last := len(quoted) - 1
	if last < 1 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}
