// Package cratesio checks a manifest against the rules of crates.io, so that a release finds
// violations before anything is built or sent.
//
// The rules are those of github.com/rust-lang/crates.io at commit 57fa000 (2026-08-21); each
// check names the file there. What only crates.io itself knows is not checked: owners, limits
// raised for a crate, and deleted names.
package cratesio

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dagger/slipway/ci/quote"
)

// Crate holds the fields of a manifest that crates.io validates, with inheritance resolved.
type Crate struct {
	Name    string
	Version string
	// Text holds the string fields of [package] that are present in the manifest.
	Text         map[string]string
	Keywords     []string
	Categories   []string
	Features     map[string][]string
	Dependencies []Dependency
}

// Dependency is a dependency as crates.io sees it: cargo drops those without a version.
type Dependency struct {
	// Path lists the keys that lead to it in the manifest.
	Path []string
	// Name is the package's name, and Alias the name that the crate uses for it.
	Name, Alias string
	Req         string
	// Registry is the name of an alternative registry, "" for crates.io.
	Registry string
	Features []string
}

// Problem is a reason for crates.io to reject a crate.
type Problem struct {
	// Path lists the keys that lead to it in the manifest, with indices for elements of lists.
	Path []string
	// What describes what was found and what was expected, and Do what to change; "" if that is
	// obvious.
	What, Do string
	// Raised means that crates.io raises this limit for a crate on request, so only crates.io
	// knows whether it applies.
	Raised bool
	// Unreadable means that cargo itself rejects the manifest.
	Unreadable bool
}

// Limits of crates.io. Lengths are in bytes.
const (
	MaxVersion      = 150     // crates/crates_io_validation/src/lib.rs, MAX_VERSION_LENGTH
	MaxDescription  = 1000    // src/controllers/krate/publish.rs, MAX_DESCRIPTION_LENGTH
	MaxMetadata     = 1 << 20 // src/controllers/krate/publish.rs, MAX_JSON_LENGTH: it includes the readme
	MaxKeywords     = 5       // src/controllers/krate/publish.rs, publish
	MaxKeyword      = 20      // the same
	MaxCategories   = 5       // the same
	MaxFeatures     = 300     // src/config/publish_limits.rs, features
	MaxDependencies = 500     // src/config/publish_limits.rs, dependencies
	// MaxCrateFile is src/config/publish_limits.rs, upload_size. crates.io raises it for a
	// crate on request.
	MaxCrateFile = 10 << 20
)

// Check returns the reasons for which crates.io would reject a crate.
func Check(c Crate) []Problem {
	var r rules
	r.name(c)
	r.required(c)
	r.license(c)
	for _, field := range []string{"homepage", "documentation", "repository"} {
		if v, there := c.Text[field]; there {
			r.url(field, v)
		}
	}
	if v, there := c.Text["rust-version"]; there && !isRustVersion(v) {
		r.unreadable([]string{"package", "rust-version"}, "`rust-version` is %s, expected one to three numbers, like \"1.85\"", quote.Line(v))
	}
	r.keywords(c.Keywords)
	r.categories(c.Categories)
	r.features(c.Features)
	r.dependencies(c.Dependencies)
	return r.problems
}

type rules struct{ problems []Problem }

func (r *rules) fail(path []string, do, format string, args ...any) {
	r.problems = append(r.problems, Problem{Path: path, What: fmt.Sprintf(format, args...), Do: do})
}

// unreadable adds a problem that cargo rejects too.
func (r *rules) unreadable(path []string, format string, args ...any) {
	r.fail(path, "", format, args...)
	r.problems[len(r.problems)-1].Unreadable = true
}

// limit adds a problem about a limit that crates.io raises on request.
func (r *rules) limit(path []string, format string, args ...any) {
	r.fail(path, "make them fewer, unless crates.io has raised the limit for this crate", format, args...)
	r.problems[len(r.problems)-1].Raised = true
}

// name checks the name against the reserved ones, and the length of the version.
func (r *rules) name(c Crate) {
	if isReserved(c.Name) {
		r.fail([]string{"package", "name"}, "rename the crate", "crates.io reserves the name %s", quote.Line(c.Name))
	}
	if len(c.Version) > MaxVersion {
		r.fail([]string{"package", "version"}, "", "the version has %d characters, crates.io allows %d", len(c.Version), MaxVersion)
	}
}

// required implements src/controllers/krate/publish.rs, publish: "missing or empty metadata
// fields".
func (r *rules) required(c Crate) {
	if c.Text["description"] == "" {
		r.fail([]string{"package", "description"}, "write a `description`", "it has no description, which crates.io requires")
	}
	if n := len(c.Text["description"]); n > MaxDescription {
		r.fail([]string{"package", "description"}, "", "the description has %d bytes, crates.io allows %d", n, MaxDescription)
	}
	if c.Text["license"] == "" && c.Text["license-file"] == "" {
		r.fail([]string{"package", "license"}, "write a `license`, like \"MIT OR Apache-2.0\", or a `license-file`", "it has no licence, which crates.io requires")
	}
}

func (r *rules) license(c Crate) {
	if license, there := c.Text["license"]; there && (license != "" || c.Text["license-file"] != "") {
		if wrong := CheckLicense(license); wrong != "" {
			r.fail([]string{"package", "license"}, "write an SPDX expression (spdx.org/licenses), or name the text by `license-file` in place of `license`", "`license` is %s: %s", quote.Line(license), wrong)
		}
	}
}

// keywords implements src/controllers/krate/publish.rs, publish, and
// crates/crates_io_database/src/models/keyword.rs, valid_name.
func (r *rules) keywords(list []string) {
	if len(list) > MaxKeywords {
		r.fail([]string{"package", "keywords"}, "", "it has %d keywords, crates.io allows %d", len(list), MaxKeywords)
	}
	for i, k := range list {
		path := []string{"package", "keywords", strconv.Itoa(i)}
		switch {
		case len(k) > MaxKeyword:
			r.fail(path, "", "keyword %s has %d bytes, crates.io allows %d", quote.Line(k), len(k), MaxKeyword)
		case !isKeyword(k):
			r.fail(path, "", "keyword %s: expected ASCII letters, digits, `-`, `_` and `+`, a letter or digit first", quote.Line(k))
		}
	}
}

func isKeyword(k string) bool {
	return k != "" && isAlphanumeric(rune(k[0])) && !strings.ContainsFunc(k, func(c rune) bool {
		return !isAlphanumeric(c) && c != '-' && c != '_' && c != '+'
	})
}

func isAlphanumeric(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// categories implements src/controllers/krate/publish.rs, publish, and
// crates/crates_io_database/src/models/category.rs, update_crate: a slug unknown to crates.io is
// rejected.
func (r *rules) categories(list []string) {
	if len(list) > MaxCategories {
		r.fail([]string{"package", "categories"}, "", "it has %d categories, crates.io allows %d", len(list), MaxCategories)
	}
	for i, slug := range list {
		if !slices.Contains(categories(), slug) {
			r.fail([]string{"package", "categories", strconv.Itoa(i)}, "choose from crates.io/category_slugs", "crates.io has no category %s (as of 2026-08-21)", quote.Line(slug))
		}
	}
}

// features implements src/controllers/krate/publish.rs, publish. crates.io can override the
// limit for a crate (max_features in its database).
func (r *rules) features(features map[string][]string) {
	if len(features) > MaxFeatures {
		r.limit([]string{"features"}, "it has %d features, crates.io allows %d", len(features), MaxFeatures)
	}
	for _, name := range slices.Sorted(maps.Keys(features)) {
		path := []string{"features", name}
		if wrong := checkFeatureName(name); wrong != "" {
			r.unreadable(path, "feature %s: %s", quote.Line(name), wrong)
		}
		if n := len(features[name]); n > MaxFeatures {
			r.limit(path, "feature %s enables %d others, crates.io allows %d", quote.Line(name), n, MaxFeatures)
		}
		for i, value := range features[name] {
			if wrong := checkFeature(value); wrong != "" {
				r.fail(append(slices.Clone(path), strconv.Itoa(i)), "", "feature %s enables %s: %s", quote.Line(name), quote.Line(value), wrong)
			}
		}
	}
}

// dependencies implements src/controllers/krate/publish.rs, validate_dependency.
func (r *rules) dependencies(list []Dependency) {
	if len(list) > MaxDependencies {
		r.fail([]string{"dependencies"}, "", "it has %d dependencies, crates.io allows %d", len(list), MaxDependencies)
	}
	for _, d := range list {
		shown := "dependency " + quote.Line(d.Name)
		if wrong := checkDependencyName(d.Alias); wrong != "" {
			r.fail(d.Path, "", "dependency %s: %s", quote.Line(d.Alias), wrong)
		}
		if d.Registry != "" {
			r.fail(d.Path, "publish it to crates.io first, or publish this crate to "+quote.Line(d.Registry)+" with `publish`", "%s is from registry %s: crates.io accepts only dependencies on its own crates", shown, quote.Line(d.Registry))
		}
		switch wildcard, wrong := checkRequirement(d.Req); {
		case wildcard:
			r.fail(d.Path, "name the version that it needs", "%s allows any version, which crates.io refuses", shown)
		case wrong:
			r.unreadable(d.Path, "%s has the version requirement %s, expected one like \"1.2\"", shown, quote.Line(d.Req))
		}
		for _, f := range d.Features {
			if wrong := checkFeature(f); wrong != "" {
				r.fail(d.Path, "", "%s has feature %s: %s", shown, quote.Line(f), wrong)
			}
		}
	}
}
