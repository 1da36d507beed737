package cargo

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/requirement"
	"dagger/slipway/ci/setting"
)

// fitting checks what manifests ask of the packages that paths lead to: their names, versions and
// features. cargo's resolver refuses what does not fit, before anything is compiled.
type fitting struct {
	w    *Workspace
	at   map[string]*Crate // members and other local packages, by directory
	list finding.List
}

// checkFits checks the members that a build of c reads, the local packages that these need, and
// the features that c's settings name. Of packages that are not members cargo ignores the
// development dependencies, and it needs the optional ones only if a feature asks for them.
func (w *Workspace) checkFits(c *Crate) finding.List {
	members := w.buildMembers(c)
	locals, _ := w.readLocals(members)
	f := &fitting{w: w, at: map[string]*Crate{}}
	for i := range w.Crates {
		f.at[w.Crates[i].Dir] = &w.Crates[i]
	}
	for _, l := range locals {
		f.at[l.Dir] = l
	}
	for _, m := range members {
		for _, d := range m.Deps {
			f.dependency(m, d)
		}
		f.enabled(m)
	}
	for _, l := range locals {
		for _, d := range l.Deps {
			if d.Kind != Dev && !d.Optional {
				f.dependency(l, d)
			}
		}
	}
	f.settings(c)
	return f.list
}

// target returns the package that a dependency's path leads to, nil if that is not known or if
// cargo cannot read it, which other findings say.
func (f *fitting) target(d Dependency) *Crate {
	to := f.at[d.Path]
	if d.Path == "" || d.Git != "" || to == nil || d.Patched && f.w.Unlocked() || to.isRefused() {
		return nil
	}
	return to
}

// add adds a finding at a key of a dependency, in [workspace.dependencies] if the value is
// inherited from there.
func (f *fitting) add(c *Crate, d Dependency, key, do, format string, args ...any) {
	what := fmt.Sprintf("dependency %q: ", d.alias) + fmt.Sprintf(format, args...)
	found := f.w.findingAt(finding.Everything, c, append(d.at(), key), what, do)
	if d.inherited && key != "features" {
		found.File = path.Join(c.within, "Cargo.toml")
		found.Line = f.w.line(found.File, "workspace", "dependencies", d.alias, key)
	}
	f.list = append(f.list, found)
}

// dependency checks one dependency of a crate.
func (f *fitting) dependency(c *Crate, d Dependency) {
	to := f.target(d)
	if to == nil {
		return
	}
	if to.Name != d.Name {
		f.add(c, d, "path", fmt.Sprintf("write package = %q, or correct the path", to.Name), "path %q holds crate %q, not %q", d.Path, to.Name, d.Name)
		return
	}
	if d.Req != "" {
		asked, err := requirement.Parse(d.Req)
		have, wrong := semver.StrictNewVersion(to.Version)
		switch {
		case err != nil:
			f.add(c, d, "version", "", "%v", err)
		case wrong == nil && !asked.Met(have):
			f.add(c, d, "version", fmt.Sprintf("write version = %q", to.Version), "it asks for version %q, but crate %q in %q is at %s, so cargo finds none", d.Req, to.Name, to.Dir, to.Version)
		}
	}
	names := to.featureNames()
	for _, name := range d.Features {
		if !names[name] {
			f.add(c, d, "features", didYouMean(name, names), "it asks for feature %s, which crate %q does not have", quote.Line(name), to.Name)
		}
	}
}

// enabled checks the features of dependencies that a crate's own features enable: "dep/feature"
// and "dep?/feature". cargo resolves a member with all its features.
func (f *fitting) enabled(c *Crate) {
	for _, name := range slices.Sorted(maps.Keys(c.fields.features)) {
		for i, value := range c.fields.features[name] {
			if to, of := f.foreign(c, value); of != "" {
				f.list = append(f.list, f.w.findingAt(finding.Everything, c, []string{"features", name, strconv.Itoa(i)},
					fmt.Sprintf("feature %s enables %s, but crate %q has no feature %s", quote.Line(name), quote.Line(value), to.Name, quote.Line(of)), didYouMean(of, to.featureNames())))
			}
		}
	}
}

// foreign returns the package and the feature that a value "dep/feature" names if a local package
// lacks the feature.
func (f *fitting) foreign(c *Crate, value string) (*Crate, string) {
	alias, of, found := strings.Cut(value, "/")
	if !found {
		return nil, ""
	}
	for _, d := range c.Deps {
		if d.alias != strings.TrimSuffix(alias, "?") {
			continue
		}
		if to := f.target(d); to != nil && to.Name == d.Name && !to.featureNames()[of] {
			return to, of
		}
	}
	return nil, ""
}

// settings checks the features that the settings of the released crate name.
func (f *fitting) settings(c *Crate) {
	if c.isRefused() {
		return
	}
	f.setting(c, c.Settings.Features, "features")
	for _, target := range slices.Sorted(maps.Keys(c.Settings.Target)) {
		f.setting(c, c.Settings.Target[target].Features, "target", target, "features")
	}
}

// setting checks one setting. An entry may be several features, and a feature may be one of a
// dependency, "dep/feature", as on cargo's command line.
func (f *fitting) setting(c *Crate, list []string, key ...string) {
	names := c.featureNames()
	for i, entry := range list {
		for _, name := range splitFeatures(entry) {
			own := strings.TrimPrefix(name, c.Name+"/")
			alias, _, ofDependency := strings.Cut(own, "/")
			known, missing, of := names[own], own, c
			if ofDependency {
				alias = strings.TrimSuffix(alias, "?")
				known = slices.ContainsFunc(c.Deps, func(d Dependency) bool { return d.alias == alias })
				if to, feature := f.foreign(c, own); feature != "" {
					known, missing, of = false, feature, to
				}
			}
			if !known {
				at := slices.Concat(setting.Package.Keys(), key, []string{strconv.Itoa(i)})
				f.list = append(f.list, f.w.findingAt(finding.Everything, c, at,
					fmt.Sprintf("the setting `%s` names %s, which is no feature of crate %q", strings.Join(key, "."), quote.Line(name), of.Name), didYouMean(missing, of.featureNames())))
			}
		}
	}
}

// splitFeatures returns the features of one string of cargo's option --features.
func splitFeatures(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// didYouMean returns what to do about a feature that is not there.
func didYouMean(name string, has map[string]bool) string {
	const most = 20
	known := slices.Sorted(maps.Keys(has))
	switch near := setting.Nearest(name, known); {
	case near != "":
		return fmt.Sprintf("did you mean %s?", quote.Line(near))
	case len(known) == 0:
		return "it has none"
	case len(known) > most:
		known = append(known[:most], fmt.Sprintf("and %d more", len(has)-most))
	}
	return "it has " + strings.Join(known, ", ")
}
