package provenance

import (
	"maps"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
)

// Differences returns where a statement differs from one made from the same source in a
// rebuild: Got is from s, Want from again. It does not compare the builder, the run or its
// times.
func Differences(s, again Statement) []*Mismatch {
	var list []*Mismatch
	c := checker{}
	x, y := s.Predicate.BuildDefinition, again.Predicate.BuildDefinition
	c.equal("buildType", x.BuildType, y.BuildType)
	c.parameters(x.ExternalParameters, y.ExternalParameters)
	c.equal("internalParameters.rust", x.InternalParameters.Rust, y.InternalParameters.Rust)
	c.equal("internalParameters.rustCommit", x.InternalParameters.RustCommit, y.InternalParameters.RustCommit)
	c.resources("subject", s.Subject, again.Subject)
	c.resources("resolvedDependencies", x.ResolvedDependencies, y.ResolvedDependencies)
	c.resources("byproducts", s.Predicate.RunDetails.Byproducts, again.Predicate.RunDetails.Byproducts)
	for _, err := range c.mismatches {
		list = append(list, err.(*Mismatch))
	}
	return list
}

// Toolchain describes in one line the toolchain image named by a statement, or the recipe
// it was made from; "" if it names none.
func Toolchain(s Statement) string {
	for _, d := range s.Predicate.BuildDefinition.ResolvedDependencies {
		if d.Name == nameToolchain || d.Name == nameRecipe {
			return d.line()
		}
	}
	return ""
}

// Commit returns the source commit named by a statement, "" if it names none.
func Commit(s Statement) string {
	for _, d := range s.Predicate.BuildDefinition.ResolvedDependencies {
		if d.Name == nameSource {
			return d.Digest["gitCommit"]
		}
	}
	return ""
}

// resources compares two lists of resources by name.
func (c *checker) resources(field string, got, want []Resource) {
	x, y := byName(got), byName(want)
	names := slices.Collect(maps.Keys(x))
	names = append(names, slices.Collect(maps.Keys(y))...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c.equal(field+" "+quote.Line(name), x[name], y[name])
	}
}

// byName returns the resources' lines by name, joined where several have the same name.
func byName(list []Resource) map[string]string {
	lines := map[string]string{}
	for _, r := range list {
		lines[r.Name] = strings.TrimSpace(lines[r.Name] + " " + r.line())
	}
	return lines
}

// line returns a resource's URI and digests.
func (r Resource) line() string {
	parts := []string{r.URI}
	for _, algorithm := range slices.Sorted(maps.Keys(r.Digest)) {
		parts = append(parts, algorithm+":"+r.Digest[algorithm])
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}
