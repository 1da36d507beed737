package reproduce

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/verify"
)

// plainName returns the name of the SBOM that an attestation contains.
func plainName(attestation string) string {
	return strings.TrimSuffix(attestation, plan.BundleFile) + ".json"
}

// verified reports the result of the release's verification for a signed artifact, by its own
// name or by those of its subjects.
func (r *reproducing) verified(artifact string, subjects ...string) {
	subjects = append(subjects, artifact)
	var found []verify.Check
	for _, c := range r.signed.Checks {
		if slices.Contains(subjects, c.Subject) {
			found = append(found, c)
		}
	}
	for _, s := range subjects {
		r.shown[s] = true
	}
	r.fold(artifact, found)
}

// fold reports several checks as one line. A failed verification counts as a difference,
// because it cannot come from the source.
func (r *reproducing) fold(artifact string, checks []verify.Check) {
	v := Verified
	var bad []string
	for _, c := range checks {
		switch {
		case c.Verdict == verify.Good:
			continue
		case c.Verdict == verify.Bad:
			v = Differs
		case v == Verified:
			v = Unknown
		}
		bad = append(bad, fmt.Sprintf("%s: %s", c.Subject, c.What))
	}
	if len(checks) == 0 {
		v, bad = Unknown, []string{"nothing in the release is what it signs, so it was not verified"}
	}
	slices.Sort(bad)
	r.report.Note(artifact, v, "%s", strings.Join(slices.Compact(bad), "; "))
}

// others reports the release's files that are not in the plan, and verification failures that
// are not covered yet.
func (r *reproducing) others() error {
	entries, err := os.ReadDir(r.released(""))
	if err != nil {
		return fmt.Errorf("reading what was downloaded: %w", err)
	}
	planned := map[string]bool{}
	for _, a := range r.plan.Artifacts {
		planned[a.Name] = true
	}
	for _, f := range entries {
		if !planned[f.Name()] {
			r.shown[f.Name()] = true
			r.report.Note(quote.Line(f.Name()), Differs, "in the release, although its source does not produce it")
		}
	}
	for _, c := range r.signed.Checks {
		if c.Verdict != verify.Good && !r.shown[c.Subject] {
			r.fold(quote.Line(c.Subject)+", as it is signed", []verify.Check{c})
		}
	}
	if len(r.report.Checks) == 0 {
		r.report.Note(r.plan.Tag, Same, "the release has no files, and its source gives none")
	}
	return nil
}
