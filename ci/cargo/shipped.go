package cargo

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/setting"
)

// Shipped returns the binaries that a release builds, signs and packs, sorted by name: those
// named by the setting `binaries`, or else all that cargo builds with the crate's features. A
// binary whose name no released file can have is not one of them.
func (c *Crate) Shipped() []Target {
	return slices.DeleteFunc(slices.Clone(c.Bins), func(b Target) bool {
		if checkBinaryName(b.Name) != nil {
			return true
		}
		if c.Settings.Binaries != nil {
			return !slices.Contains(c.Settings.Binaries, b.Name)
		}
		return len(c.missingFeatures(b)) > 0
	})
}

// ChoosesBinaries reports whether the setting `binaries` selects the binaries to ship.
func (c *Crate) ChoosesBinaries() bool { return c.Settings.Binaries != nil }

// BinaryFindings returns findings about the selection of binaries: names in `binaries` that do
// not exist or that cargo would not build, and binaries that are left out.
func (w *Workspace) BinaryFindings(c *Crate) finding.List {
	b := binaryFindings{crate: c, file: path.Join(c.Dir, "Cargo.toml")}
	p := w.positions(b.file)
	b.line = func(keys ...string) int { return p.Line(keys...) }
	for i, name := range c.Settings.Binaries {
		b.chosen(i, name)
	}
	for _, t := range c.Bins {
		if !c.ChoosesBinaries() || !slices.Contains(c.Settings.Binaries, t.Name) {
			b.leftOut(t)
		}
	}
	return b.list
}

type binaryFindings struct {
	crate *Crate
	file  string
	line  func(keys ...string) int
	list  finding.List
}

func (b *binaryFindings) add(stops finding.Stops, line int, do, format string, args ...any) {
	b.list = append(b.list, finding.Finding{Stops: stops, Crate: b.crate.Name, File: b.file, Line: line, What: fmt.Sprintf(format, args...), Do: do})
}

// chosen checks one name in `binaries`.
func (b *binaryFindings) chosen(i int, name string) {
	line := b.line(append(setting.Package.Keys(), "binaries", strconv.Itoa(i))...)
	at := slices.IndexFunc(b.crate.Bins, func(t Target) bool { return t.Name == name })
	if at < 0 {
		has := "it has none"
		if names := binaryNames(b.crate.Bins); len(names) > 0 {
			has = "it has " + strings.Join(names, ", ")
		}
		b.add(finding.Everything, line, "correct `binaries`", "`binaries` names %s, which is not a binary of the crate: %s", quote.Line(name), has)
		return
	}
	if err := checkBinaryName(name); err != nil {
		b.add(finding.Everything, line, "rename the binary", "`binaries` names a binary that cannot be released: %v", err)
	}
	if missing := b.crate.missingFeatures(b.crate.Bins[at]); len(missing) > 0 {
		b.add(finding.Everything, line, "list them as `features` in [package.metadata.slipway]", "`binaries` names %s, which cargo builds only with the features %s", quote.Line(name), strings.Join(missing, ", "))
	}
}

// leftOut reports a binary that is not shipped.
func (b *binaryFindings) leftOut(t Target) {
	if b.crate.ChoosesBinaries() {
		b.add(finding.Nothing, b.line(append(setting.Package.Keys(), "binaries")...), "", "binary %s is left out: `binaries` does not name it", shown(t.Name))
		return
	}
	missing := b.crate.missingFeatures(t)
	if err := checkBinaryName(t.Name); err != nil && len(missing) == 0 {
		b.add(finding.Release, b.line("bin", strconv.Itoa(t.declared-1)), "rename it, or name those to ship with `binaries` in [package.metadata.slipway]", "%v: a dry run leaves it out", err)
	}
	if len(missing) == 0 {
		return
	}
	stops := finding.Nothing
	if publishable, _ := b.crate.Publishable(); !publishable && len(b.crate.Shipped()) == 0 {
		stops = finding.Everything // there is nothing to build
	}
	b.add(stops, b.line("bin", strconv.Itoa(t.declared-1)), "list them as `features` in [package.metadata.slipway] to ship it", "binary %s is left out: cargo builds it only with the features %s", shown(t.Name), strings.Join(missing, ", "))
}

// shown returns a binary's name as it is, or quoted if it is not plain.
func shown(name string) string {
	if checkBinaryName(name) != nil {
		return quote.Line(name)
	}
	return name
}

func binaryNames(bins []Target) []string {
	var names []string
	for _, b := range bins {
		names = append(names, shown(b.Name))
	}
	return names
}

// missingFeatures returns the features that a binary requires and that a release does not enable.
func (c *Crate) missingFeatures(b Target) []string {
	if len(b.RequiredFeatures) == 0 {
		return nil
	}
	enabled := c.enabledFeatures()
	return slices.DeleteFunc(slices.Clone(b.RequiredFeatures), func(f string) bool { return enabled[f] })
}

// enabledFeatures returns the features that a release enables on any of the crate's targets: the
// default features, those of the settings, and what they enable in turn (The Cargo Book,
// "Features").
func (c *Crate) enabledFeatures() map[string]bool {
	enabled := map[string]bool{}
	var enable func(names []string)
	enable = func(names []string) {
		for _, name := range names {
			if enabled[name] {
				continue
			}
			enabled[name] = true
			if dep, _, ok := strings.Cut(name, "/"); ok && !strings.HasSuffix(dep, "?") {
				enable([]string{dep})
			}
			enable(c.fields.features[name])
		}
	}
	enable([]string{"default"})
	for _, list := range c.Settings.Features { // cargo accepts several features in one string
		enable(splitFeatures(list))
	}
	for _, t := range c.Settings.Target {
		enable(t.Features)
	}
	return enabled
}
