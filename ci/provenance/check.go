package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dagger/slipway/ci/gitref"
	"dagger/slipway/ci/quote"
)

// Expectation is what a verifier knows independently of the statement.
type Expectation struct {
	// Subjects holds the files at hand, by their name in the statement. The statement may have
	// more.
	Subjects map[string][sha256.Size]byte
	// BuilderID is the builder. It must be the only one that the statement's signer may vouch
	// for, because a signer could write any.
	BuilderID string
	// Parameters must equal the statement's in every field, including empty ones.
	Parameters Parameters
	Commit     string
	// Plan is the digest of the plan, zero if it is not known.
	Plan [sha256.Size]byte
}

// Mismatch is one difference between a statement and what is expected.
type Mismatch struct {
	Field     string // the field, as named in the statement
	Got, Want string // Got is "" if the statement lacks the field
}

func (m *Mismatch) Error() string {
	if m.Got == "" {
		return fmt.Sprintf("checking provenance: it has no %s; expected %s", m.Field, quote.Line(m.Want))
	}
	return fmt.Sprintf("checking provenance: the %s is %s; expected %s", m.Field, quote.Line(m.Got), quote.Line(m.Want))
}

// Check returns an error unless the statement is as expected. The error joins a *Mismatch
// for each difference. An expectation without subjects, builder, crate, version, repository
// or commit is an error too, because it would prove nothing. The caller must already have
// verified the statement's signature.
func Check(s Statement, want Expectation) error {
	if err := want.check(); err != nil {
		return err
	}
	return Compare(s, want)
}

// Compare is like Check for a verifier who knows less: it compares everything, but skips an
// empty commit, and does not check that the expectation is complete.
func Compare(s Statement, want Expectation) error {
	c := checker{}
	c.equal("_type", s.Type, StatementType)
	c.equal("predicateType", s.PredicateType, PredicateType)
	build := s.Predicate.BuildDefinition
	c.equal("buildType", build.BuildType, BuildType)
	c.equal("builder.id", s.Predicate.RunDetails.Builder.ID, want.BuilderID)
	for _, name := range slices.Sorted(maps.Keys(want.Subjects)) {
		sum := want.Subjects[name]
		c.resource("subject", s.Subject, Resource{Name: name, Digest: digest(sum)}, "sha256")
	}
	c.parameters(build.ExternalParameters, want.Parameters)
	if want.Commit != "" {
		c.resource("resolvedDependencies", build.ResolvedDependencies, Resource{
			Name: nameSource, URI: sourceURI(want.Parameters), Digest: map[string]string{"gitCommit": want.Commit},
		}, "gitCommit")
	}
	if want.Plan != [sha256.Size]byte{} {
		c.resource("byproducts", s.Predicate.RunDetails.Byproducts, Resource{Name: namePlan, Digest: digest(want.Plan)}, "sha256")
	}
	return errors.Join(c.mismatches...)
}

func (e *Expectation) check() error {
	p := e.Parameters
	if len(e.Subjects) == 0 || e.BuilderID == "" || p.Crate == "" && p.Image == "" || p.Version == "" || p.Repository == "" {
		return errors.New("checking provenance: the expectation is incomplete: expected the files, the builder, the crate, the version and the repository")
	}
	if err := gitref.CheckCommit(e.Commit); err != nil {
		return fmt.Errorf("checking provenance: the expected commit: %w", err)
	}
	return nil
}

// checker collects mismatches.
type checker struct{ mismatches []error }

func (c *checker) equal(field, got, want string) {
	if got != want {
		c.mismatches = append(c.mismatches, &Mismatch{Field: field, Got: got, Want: want})
	}
}

func (c *checker) parameters(got, want Parameters) {
	for _, f := range []struct{ name, got, want string }{
		{"crate", got.Crate, want.Crate},
		{"version", got.Version, want.Version},
		{"targets", list(got.Targets), list(want.Targets)},
		{"toolchain", got.Toolchain, want.Toolchain},
		{"toolchainBase", got.ToolchainBase, want.ToolchainBase},
		{"image", got.Image, want.Image},
		{"file", got.File, want.File},
		{"directory", got.Directory, want.Directory},
		{"repository", got.Repository, want.Repository},
		{"ref", got.Ref, want.Ref},
	} {
		c.equal("externalParameters."+f.name, f.got, f.want)
	}
}

func list(targets []string) string {
	return strings.Join(slices.Sorted(slices.Values(targets)), " ")
}

// resource finds the only resource with that name and compares its digest, and its URI if
// one is wanted. Several with the same name are a mismatch, because they are ambiguous.
func (c *checker) resource(field string, in []Resource, want Resource, algorithm string) {
	field = fmt.Sprintf("%s %s", field, quote.Line(want.Name))
	var found []Resource
	for _, r := range in {
		if r.Name == want.Name {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		c.equal(field+" "+algorithm, found[0].Digest[algorithm], want.Digest[algorithm])
		if want.URI != "" {
			c.equal(field+" uri", found[0].URI, want.URI)
		}
	case 0:
		c.equal(field, "", want.Digest[algorithm])
	default:
		c.equal(field, fmt.Sprintf("%d resources of that name", len(found)), want.Digest[algorithm])
	}
}

// ParseDigest parses a SHA-256 in hexadecimal, optionally after "sha256:", as in plans and
// checksum files.
func ParseDigest(s string) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "sha256:"))
	if err != nil || copy(sum[:], raw) != sha256.Size || len(raw) != sha256.Size {
		return [sha256.Size]byte{}, fmt.Errorf("reading digest %s: expected 64 hexadecimal digits", quote.Line(s))
	}
	return sum, nil
}
