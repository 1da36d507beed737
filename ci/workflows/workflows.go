// Package workflows generates the GitHub Actions workflows that release a workspace: files by
// path, as a pure function of the workspace and a few options. The workflows run the slipway
// command, so that Actions and a laptop follow the same plan.
package workflows

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"text/template"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/triple"
)

// Dir is the directory of a repository's workflows.
const Dir = ".github/workflows"

// Options holds what the workflows depend on besides the workspace.
type Options struct {
	// Slipway is where to get slipway from, as OWNER/NAME@COMMIT; "" means the repository of
	// slipway itself.
	Slipway string
	// Workspace is the slash-separated directory of the workspace, relative to the repository's
	// root; "" means the root.
	Workspace string
	// Content is what checkouts fetch besides regular git objects.
	Content Content
	// Engine makes the jobs install the dagger command, so that steps run on a Dagger engine.
	Engine bool
}

// Actions used by the workflows, pinned by commit because a tag can be moved.
const (
	checkout = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
	upload   = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
	download = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
	dagger   = "dagger/dagger-for-github@27b130bf0f79a7f6fbbbe0fbca6760dc9bb40a77 # v8.4.1"

	engineVersion = "0.21.8"
)

//go:embed templates
var templates embed.FS

// values are the parameters of the templates. All are limited to characters without a meaning
// in expressions of Actions or in a shell.
type values struct {
	Crates                             []string
	Default, Branch, Directory         string
	Slipway                            string
	Own                                bool // slipway comes from this repository
	Checkout, Upload, Download, Dagger string
	Engine                             bool
	Content                            Content
	EngineVersion                      string
	History                            bool // the jobs need all commits and tags
	// Toolchain is the toolchain image set by the workspace, "" for none. A release to a
	// registry must name it explicitly too.
	Toolchain string
}

// New returns the workflows by path, relative to the repository's root: those that release
// crates and, if the workspace has images, those that release images.
func New(w *cargo.Workspace, o Options) (map[string]string, error) {
	v, err := o.values(w)
	if err != nil {
		return nil, fmt.Errorf("generating the workflows: %w", err)
	}
	names := []string{"release.yml", "action-build.yml"}
	switch _, err := w.Images(); {
	case err == nil:
		names = append(names, "release-wasi-demo-app.yml", "sign.yml")
	case !errors.Is(err, cargo.ErrNoImages):
		return nil, fmt.Errorf("generating the workflows: %w", err)
	}
	parsed, err := template.New("").Delims("[[", "]]").Funcs(template.FuncMap{"scalar": scalar}).ParseFS(templates, "templates/*")
	if err != nil {
		return nil, fmt.Errorf("generating the workflows: %w", err)
	}
	files := map[string]string{}
	for _, name := range names {
		var b bytes.Buffer
		if err := parsed.ExecuteTemplate(&b, name, v); err != nil {
			return nil, fmt.Errorf("generating the workflows: %w", err)
		}
		files[path.Join(Dir, name)] = b.String()
	}
	return files, nil
}

// plainScalar matches words that YAML reads as a string, with the exceptions listed in scalar.
var plainScalar = regexp.MustCompile(`^[a-z][a-z0-9/_-]+$`)

// scalar renders a word of letters, digits and ._-/ as a YAML string.
func scalar(word string) string {
	if plainScalar.MatchString(word) && !slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null"}, word) {
		return word
	}
	return `"` + word + `"`
}

var (
	slipwayPin = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._-]*@[0-9a-f]{40}$`)
	plainPath  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)
)

func (o Options) values(w *cargo.Workspace) (*values, error) {
	v := &values{
		Branch: plan.ReleaseBranch, Directory: ".", Slipway: ownAction, Own: o.Slipway == "",
		Checkout: checkout, Upload: upload, Download: download, Dagger: dagger, EngineVersion: engineVersion, Engine: o.Engine, Content: o.Content,
	}
	if o.Slipway != "" {
		if err := address.CheckReference("slipway (--slipway)", o.Slipway); err != nil {
			return nil, err
		}
		if !slipwayPin.MatchString(o.Slipway) {
			return nil, fmt.Errorf("checking where slipway is, %q: expected OWNER/NAME@COMMIT with all 40 digits of the commit, since a tag can be moved", o.Slipway)
		}
		v.Slipway = actionOf(o.Slipway)
	}
	if o.Workspace != "" && o.Workspace != "." {
		if !fs.ValidPath(o.Workspace) || !plainPath.MatchString(o.Workspace) {
			return nil, fmt.Errorf("checking the workspace's directory %q: expected a path below the repository's root, of letters, digits and ._-/", o.Workspace)
		}
		v.Directory = o.Workspace
	}
	if err := plan.CheckToolchainSetting(w); err != nil {
		return nil, err
	}
	v.Toolchain = w.Settings.Toolchain
	if b := w.Settings.ReleaseBranch; b != "" {
		if !plainPath.MatchString(b) {
			return nil, fmt.Errorf("checking the release branch %q: workflows only allow a name of letters, digits and ._-/: rename the branch, or change `release-branch` in Cargo.toml", b)
		}
		v.Branch = b
	}
	if v.Crates = Releasable(w); len(v.Crates) == 0 {
		return nil, errors.New("listing the crates to release: none has a binary or goes to a registry")
	}
	v.Default = v.Crates[0]
	if slices.Contains(v.Crates, w.Settings.Main) {
		v.Default = w.Settings.Main
	}
	var err error
	v.History, err = needsHistory(w, v.Crates)
	return v, err
}

// needsHistory reports whether one of the crates has no changelog, because its notes are then
// generated from commits.
func needsHistory(w *cargo.Workspace, crates []string) (bool, error) {
	for _, name := range crates {
		c, err := w.Crate(name)
		if err != nil {
			return false, err
		}
		if files, err := w.Changelogs(c); err != nil || len(files) == 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// Releasable returns the names of the crates offered by release.yml, in the workspace's order:
// those with binaries or published to a registry, except those built only for a wasm image.
func Releasable(w *cargo.Workspace) []string {
	images, _ := w.Images() // an invalid image must not hide crates
	var names []string
	for i := range w.Crates {
		c := &w.Crates[i]
		publishable, _ := c.Publishable()
		demo := slices.ContainsFunc(images, func(img cargo.Image) bool {
			return img.Crate == c.Name && slices.Contains(img.Targets, triple.Wasm)
		})
		if (publishable || len(c.Shipped()) > 0) && !demo {
			names = append(names, c.Name)
		}
	}
	return names
}
