package plan

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/triple"
)

// chooseTargets returns the requested targets, or those that every release has.
func chooseTargets(requested []string) ([]string, error) {
	if len(requested) == 0 {
		return triple.Released(), nil
	}
	for i, t := range requested {
		if !slices.Contains(triple.Released(), t) {
			return nil, fmt.Errorf("checking target %s: expected one of %q", quote.Line(t), triple.Released())
		}
		if slices.Contains(requested[:i], t) {
			return nil, fmt.Errorf("checking target %q: it is named twice", t)
		}
	}
	return slices.Clone(requested), nil
}

// settingForm matches what a workspace may name as its toolchain: an image reference, but no path
// on the machine that runs slipway.
var settingForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._:/@-]*$`)

// CheckToolchainSetting returns an error unless the toolchain that the workspace names, if any,
// is a reference to an image in a registry. A valid reference has no character that is special to
// a shell or YAML.
func CheckToolchainSetting(w *cargo.Workspace) error {
	if named := w.Settings.Toolchain; named != "" && !settingForm.MatchString(named) {
		return fmt.Errorf("checking toolchain %s, which [workspace.metadata.slipway] names: expected a registry reference; pass a directory with --toolchain", quote.Line(named))
	}
	return nil
}

// chooseToolchain returns the image to build in: the one that the request names, else the one in
// [workspace.metadata.slipway], else slipway's own with the Rust that the workspace asks for. If
// there is none, a dry run uses Debian's.
func chooseToolchain(w *cargo.Workspace, req Request) (string, finding.List, error) {
	named := req.Toolchain
	if named == "" {
		if err := CheckToolchainSetting(w); err != nil {
			return "", nil, err
		}
		named = w.Settings.Toolchain
	}
	if strings.HasPrefix(named, "-") || strings.ContainsFunc(named, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", nil, fmt.Errorf("checking toolchain %s: expected an image reference", quote.Line(named))
	}
	if named != "" && named != toolchain.Name {
		return named, nil, nil
	}
	if named == "" && req.Rust != (toolchain.Rust{}) {
		return req.Rust.Reference(), nil, nil
	}
	var found finding.List
	switch accepts := w.Toolchain.Accepts(toolchain.Channel); {
	case req.NoRust != "" && named == "":
		found = finding.List{missingChannel(w.Toolchain, req.NoRust, accepts)}
	case !accepts:
		found = finding.List{wrongChannel(w.Toolchain, "slipway's own image", toolchain.Channel)}
	}
	return toolchain.Reference(), found, nil
}

// missingChannel returns a finding that the workspace's channel could not be had. Where Debian's
// Rust is one of the channel, a release takes that.
func missingChannel(asked cargo.Toolchain, why string, accepts bool) finding.Finding {
	f := finding.Finding{
		Stops: finding.Release, File: asked.File(), Line: asked.Line(),
		What: fmt.Sprintf("it asks for channel %q, but %s: a dry run builds with Debian's Rust %s", asked.Channel, why, toolchain.Channel),
		Do:   "see that the server can be reached (--rustup-dist-server), or pass --toolchain with an image that has that channel and the targets",
	}
	if accepts {
		f.Stops, f.Do = finding.Nothing, ""
		f.What = fmt.Sprintf("it asks for channel %q, but %s: Debian's Rust %s is taken for it", asked.Channel, why, toolchain.Channel)
	}
	return f
}

// wrongChannel returns a finding that the image's Rust is not the one that the workspace asks
// for.
func wrongChannel(asked cargo.Toolchain, image, has string) finding.Finding {
	return finding.Finding{
		Stops: finding.Release, File: asked.File(), Line: asked.Line(),
		What: fmt.Sprintf("it asks for channel %q, but %s has Rust %s, which a dry run builds with", asked.Channel, image, has),
		Do:   "pass --toolchain with an image that has that channel and the targets, or change the file",
	}
}

// checkLibrary adds findings about a library that some targets cannot build.
func (p *Crate) checkLibrary(c *cargo.Crate) {
	var without []string
	for _, t := range p.Targets {
		if t != triple.Wasm {
			without = append(without, t)
		}
	}
	if len(without) > 0 {
		p.checkExamples(c, strings.Join(without, " and "))
	}
	if !c.Lib.Shared() || len(without) == 0 {
		return
	}
	f := finding.Finding{
		Stops: finding.Nothing, Crate: c.Name, File: path.Join(c.Dir, "Cargo.toml"),
		What: fmt.Sprintf("the library is only a %s, which %s does not support: there it is tested but not built", strings.Join(c.Lib.Types, " and "), strings.Join(without, " and ")),
		Do:   "add \"rlib\" or \"staticlib\" to `crate-type` if it should be built for them",
	}
	switch {
	case slices.Contains(c.Lib.Types, "dylib") && len(c.Bins) > 0:
		f.Stops = finding.Everything
		f.What = fmt.Sprintf("the library is only a dylib, which %s does not support, and the crate's binaries are linked with it", strings.Join(without, " and "))
		f.Do = "add \"rlib\" to `crate-type`"
	case p.Publish.Publishable:
		f.What += ", and compiled for the build machine when it is packaged"
	}
	p.Findings = append(p.Findings, f)
}

// checkExamples adds a note about examples that cannot be built for some targets, and tests that
// are therefore not run.
func (p *Crate) checkExamples(c *cargo.Crate, targets string) {
	if len(c.Shared) == 0 || len(c.Settings.Test) > 0 {
		return
	}
	p.Findings = append(p.Findings, finding.Finding{
		Stops: finding.Nothing, Crate: c.Name, File: path.Join(c.Dir, "Cargo.toml"),
		What: fmt.Sprintf("the examples %s are only shared objects, which %s does not support: examples are not built, and doc tests do not run", strings.Join(c.Shared, ", "), targets),
		Do:   "set what to test with `test` in [package.metadata.slipway], or give the examples `required-features`",
	})
}

// addNotes adds notes about what in the workspace has no effect on the release, so that a
// difference from a developer's own build is no surprise, and about what cannot be built or
// provided.
func (p *Crate) addNotes(w *cargo.Workspace, c *cargo.Crate) {
	p.addCommitNotes(w, c)
	p.checkLibrary(c)
	note := func(file, what, do string) {
		p.Findings = append(p.Findings, finding.Finding{Stops: finding.Nothing, File: file, What: what, Do: do})
	}
	built := map[string]bool{}
	for _, m := range w.Closure(c) {
		built[m.Dir] = true
	}
	for _, key := range w.Config.Dropped {
		if dir, _, isFile := strings.Cut(key, "/.cargo/"); isFile {
			if !built[dir] {
				continue
			}
			note(key, "the file is not used: a release is built from the workspace's root", "")
			continue
		}
		note(".cargo/config.toml", key+" is not used: it belongs to a developer's machine", "")
	}
	for _, t := range p.Targets {
		if name := w.Cross.ImageName(t) + w.Cross.Dockerfile(t); name != "" {
			note("Cross.toml", fmt.Sprintf("it names %s for %s, but cross's images have no Rust", name, t), "to build with its libraries, pass --toolchain with an image that does")
		}
	}
	if p.Source.Dirty {
		note("", "the working tree has uncommitted changes: a dry run builds them, a release refuses them", "")
	}
	if !p.Publish.Publishable && p.Publish.Reason != onlyImages {
		note("", "the crate is not published to a registry: "+p.Publish.Reason, "")
	}
}

// onlyImages is the reason why a crate that is built for images goes to no registry.
const onlyImages = "only its images are released"
