package reproduce

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// compareProvenance compares the claims of the provenance with those about the release built
// again, except for builder, run and times. Differences of the tools become possible reasons in
// the report.
func (r *reproducing) compareProvenance(ctx context.Context, a plan.Artifact) {
	about := a.Name + ", what it says"
	theirs, err := r.statement(ctx, a)
	if err != nil {
		r.report.Note(about, Differs, "%v", err)
		return
	}
	ours, err := r.ownStatement(ctx, theirs)
	if err != nil {
		r.report.Note(about, Unknown, "%v", err)
		return
	}
	if c := provenance.Commit(theirs); c != r.plan.Source.Commit {
		r.report.Note("source", Differs, "the provenance says that the release was built from commit %s, and the tag %q is at commit %s: was the tag moved?", shown(c), r.plan.Tag, r.plan.Source.Commit)
	}
	r.reasons(theirs, ours)
	if list := provenance.Differences(theirs, ours); len(list) > 0 {
		r.report.Note(about, Differs, "%s", mismatches(list))
		return
	}
	r.report.Note(about, Same, "files, source, parameters, toolchain and plan; who ran it and when is verified alone")
}

// mismatches describes differences in one line. Of files only the names are listed, as they
// have lines of their own.
func mismatches(list []*provenance.Mismatch) string {
	var parts, files []string
	for _, m := range list {
		if name, ok := strings.CutPrefix(m.Field, "subject "); ok {
			files = append(files, name)
		} else {
			parts = append(parts, fmt.Sprintf("%s is %s, and here it is %s", m.Field, shown(m.Got), shown(m.Want)))
		}
	}
	if len(files) > 0 {
		parts = append(parts, "it names other digests of "+strings.Join(files, ", "))
	}
	return strings.Join(parts, "; ")
}

// statement reads the provenance of the release. It is an error unless the expected identity
// signed it. Whether it covers the released files is verified elsewhere.
func (r *reproducing) statement(ctx context.Context, a plan.Artifact) (provenance.Statement, error) {
	raw, err := beneath.ReadFile(r.released(a.Name), sign.MaxBundle)
	if err != nil {
		return provenance.Statement{}, err
	}
	return verify.Provenance(ctx, raw, r.From.Expect)
}

// ownStatement returns the statement about what was made again. The source repository and ref
// are taken from theirs, as nothing else has them; those of a workflow are verified.
func (r *reproducing) ownStatement(ctx context.Context, theirs provenance.Statement) (provenance.Statement, error) {
	o, err := r.Origin()
	if err != nil {
		return provenance.Statement{}, err
	}
	in, err := o.Input(ctx)
	if err != nil {
		return provenance.Statement{}, err
	}
	said := theirs.Predicate.BuildDefinition.ExternalParameters
	in.Parameters.Repository, in.Parameters.Ref = said.Repository, said.Ref
	in.Subjects = r.subjects
	return provenance.New(in)
}

// plainWords matches values of a statement that are shown without quotes: references and digests.
var plainWords = regexp.MustCompile(`^[\w:/@.%?&=+ -]{1,400}$`)

// shown renders a value of a statement for the report.
func shown(value string) string {
	switch {
	case value == "":
		return "not there"
	case plainWords.MatchString(value):
		return value
	}
	return quote.Line(value)
}

// reasons records how the tools of the release differ from those used here.
func (r *reproducing) reasons(theirs, ours provenance.Statement) {
	rust := func(s provenance.Statement) string { return s.Predicate.BuildDefinition.InternalParameters.Rust }
	builder := func(s provenance.Statement) string { return s.Predicate.RunDetails.Builder.Version["slipway"] }
	for _, one := range []struct{ what, then, now, next string }{
		{"toolchain", provenance.Toolchain(theirs), provenance.Toolchain(ours), "name that one (--toolchain), or its Rust (--channel)"},
		{"compiler", rust(theirs), rust(ours), "name a toolchain that has it (--toolchain), or its channel (--channel)"},
		{"slipway", builder(theirs), builder(ours), "use that version"},
	} {
		if one.then != one.now {
			r.report.Reasons = append(r.report.Reasons, fmt.Sprintf("%s: the provenance says %s, and here it is %s: %s", one.what, shown(one.then), shown(one.now), one.next))
		}
	}
}
