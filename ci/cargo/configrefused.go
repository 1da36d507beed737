package cargo

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/triple"
)

// refused is a key of the configuration that is not used in a release. It stops the release, unless
// it only concerns targets that are not built.
type refused struct {
	finding.Finding
	key string
	// concerns reports whether the key has an effect on a target; nil for every target.
	concerns func(target string) bool
}

// Findings returns the keys that are not allowed in a release for the given targets, none for all
// that slipway knows, and notes about those that would only affect others. Neither are used.
func (c Config) Findings(targets []string) finding.List {
	if len(targets) == 0 {
		targets = triple.Triples()
	}
	var list finding.List
	for _, r := range c.refused {
		f := r.Finding
		if r.concerns != nil && !slices.ContainsFunc(targets, r.concerns) {
			f.Stops, f.Do = finding.Nothing, ""
			f.What = fmt.Sprintf("%q is not used: nothing is released for that target", r.key)
		}
		list = append(list, f)
	}
	return list
}

// refusals collects the configuration keys that are refused and removes them from the
// configuration.
type refusals struct {
	nightly bool // the workspace asks for a nightly toolchain
	file    string
	line    func(path ...string) int // of a key in the file
	list    []refused
}

// say adds a finding for a refused key.
func (r *refusals) say(at []string, why string) { r.sayFor(nil, at, why) }

// sayFor adds a finding for a key that has an effect only on some targets.
func (r *refusals) sayFor(concerns func(target string) bool, at []string, why string) {
	r.list = append(r.list, refused{key: strings.Join(at, "."), concerns: concerns, Finding: finding.Finding{
		Stops: finding.Release, File: r.file, Line: r.line(at...), What: why, Do: "remove it; a dry run continues without it",
	}})
}

// unstable handles [unstable], which a stable cargo ignores.
func (r *refusals) unstable(tree map[string]any) {
	if _, found := tree["unstable"]; !found {
		return
	}
	delete(tree, "unstable")
	if r.nightly {
		r.say([]string{"unstable"}, "\"unstable\" is not allowed in a release: it changes how a nightly cargo builds")
		return
	}
	r.list = append(r.list, refused{key: "unstable", Finding: finding.Finding{
		Stops: finding.Nothing, File: r.file, Line: r.line("unstable"), What: "\"unstable\" is not used: only a nightly cargo reads it",
	}})
}

// concernsTable returns a function that reports whether [target.NAME] may apply to a target. What
// applies to the build machine alone does not count: binaries are built for a target.
func concernsTable(name string) func(target string) bool {
	return func(target string) bool {
		t, known := triple.Find(target)
		return !known || t.Matches(name)
	}
}

// concernsVariable returns a function that reports whether a variable of [env] has an effect on a
// target, nil if it has on every one: it names none, or the build machine, which compiles build
// scripts and what they call.
func concernsVariable(key string) func(target string) bool {
	name := variableTarget(key)
	if name == "" || slices.ContainsFunc(triple.Hosts(), func(host string) bool { return fold(host) == fold(name) }) {
		return nil
	}
	return func(target string) bool { return fold(target) == fold(name) }
}

// variableTarget returns the target in the name of a variable, in any of the spellings that cargo
// and build scripts use, "" for none.
func variableTarget(key string) string {
	if rest, found := strings.CutPrefix(key, "CARGO_TARGET_"); found {
		for _, suffix := range []string{"_LINKER", "_RUNNER", "_RUSTFLAGS", "_RUSTDOCFLAGS"} {
			if target, found := strings.CutSuffix(rest, suffix); found {
				return target
			}
		}
		return ""
	}
	base := strings.TrimPrefix(strings.TrimPrefix(key, "HOST_"), "TARGET_")
	for _, p := range programs {
		if target, found := strings.CutPrefix(base, p+"_"); found && isTarget(target) {
			return target
		}
	}
	return ""
}
