package cargo

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
)

// metadata is the output of `cargo metadata --no-deps --format-version 1`.
type metadata struct {
	Packages []struct {
		Name         string    `json:"name"`
		Version      string    `json:"version"`
		ManifestPath string    `json:"manifest_path"`
		Publish      *[]string `json:"publish"` // null: anywhere, []: nowhere
		Targets      []struct {
			Name string   `json:"name"`
			Kind []string `json:"kind"`
		} `json:"targets"`
		Dependencies []struct {
			Name string  `json:"name"`
			Kind *string `json:"kind"` // null: normal
		} `json:"dependencies"`
	} `json:"packages"`
	WorkspaceRoot string `json:"workspace_root"`
}

// maxMetadata is the size limit in bytes of cargo's description of a workspace: a crate takes some
// 10 KB. Hostile JSON takes a hundred times its size in memory.
const maxMetadata = 16 << 20

// Agree compares this package's reading of the manifests with cargo's own, given as the output of
// `cargo metadata --no-deps --format-version 1`, and returns an error that lists every
// difference. A difference is a bug in this package, and nothing may be released on a wrong
// reading.
func (w *Workspace) Agree(output []byte) error {
	if len(output) > maxMetadata {
		return fmt.Errorf("reading the output of `cargo metadata`: it has %d bytes, expected at most %d", len(output), maxMetadata)
	}
	var m metadata
	if err := json.Unmarshal(output, &m); err != nil {
		return fmt.Errorf("reading the output of `cargo metadata`: %w", err)
	}
	ours, theirs := w.facts(), m.facts()
	var diffs []string
	for _, f := range theirs {
		if !slices.Contains(ours, f) {
			diffs = append(diffs, "only cargo says: "+f)
		}
	}
	for _, f := range ours {
		if !slices.Contains(theirs, f) {
			diffs = append(diffs, "only the manifests say: "+f)
		}
	}
	if len(diffs) > 0 {
		return console.Errorf("comparing the workspace with `cargo metadata`: they disagree, so nothing is released on this reading; please report it:\n%s", console.List("  ", diffs))
	}
	return nil
}

// facts describes the workspace as sorted sentences, one per fact, so that two readings can be
// compared and differences are readable.
func (w *Workspace) facts() []string {
	var list []string
	out := w.leftOut()
	for i := range w.Crates {
		c := &w.Crates[i]
		if _, left := out[c.Dir]; left {
			continue // cargo reads a workspace without it: see ReadFiles
		}
		list = append(list, fmt.Sprintf("crate %s is %s in %s", c.Name, c.Version, c.Dir))
		if slices.Contains([]string{notPublished, publishNowhere, noVersion}, c.publish.reason) {
			list = append(list, fmt.Sprintf("crate %s is not published", c.Name))
		}
		for _, b := range c.Bins {
			list = append(list, fmt.Sprintf("crate %s has binary %s", c.Name, b.Name))
		}
		if c.Lib != nil {
			list = append(list, fmt.Sprintf("crate %s has library %s", c.Name, libName(c.Lib.Name)))
		}
		if c.BuildScript != "" {
			list = append(list, fmt.Sprintf("crate %s has a build script", c.Name))
		}
		for _, d := range c.Deps {
			list = append(list, fmt.Sprintf("crate %s has %s dependency %s", c.Name, d.Kind, d.Name))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (m metadata) facts() []string {
	var list []string
	for _, p := range m.Packages {
		dir := relative(path.Clean(m.WorkspaceRoot), path.Dir(p.ManifestPath))
		list = append(list, fmt.Sprintf("crate %s is %s in %s", p.Name, p.Version, dir))
		if p.Publish != nil && len(*p.Publish) == 0 {
			list = append(list, fmt.Sprintf("crate %s is not published", p.Name))
		}
		for _, t := range p.Targets {
			list = append(list, targetFact(p.Name, t.Name, t.Kind)...)
		}
		for _, d := range p.Dependencies {
			kind := Normal
			if d.Kind != nil {
				kind = Kind(*d.Kind)
			}
			list = append(list, fmt.Sprintf("crate %s has %s dependency %s", p.Name, kind, d.Name))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// targetFact describes one target of `cargo metadata`; examples, tests and benchmarks are not
// part of a release and return nil.
func targetFact(crate, name string, kinds []string) []string {
	for _, kind := range kinds {
		switch kind {
		case "bin":
			return []string{fmt.Sprintf("crate %s has binary %s", crate, name)}
		case "lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro":
			return []string{fmt.Sprintf("crate %s has library %s", crate, libName(name))}
		case "custom-build":
			return []string{fmt.Sprintf("crate %s has a build script", crate)}
		}
	}
	return nil
}

// libName returns a library's name as rustc expects it: older versions of cargo print the
// package's, with hyphens.
func libName(name string) string { return strings.ReplaceAll(name, "-", "_") }
