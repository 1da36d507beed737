package reproduce

import (
	"encoding/json"
	"fmt"
	"strings"

	"dagger/slipway/ci/console"
)

// Verdict is the result of a comparison, or of a whole report.
type Verdict string

// The verdicts, from best to worst.
const (
	Same Verdict = "same bytes"
	// SameFiles means a .crate whose files are the same, except for those that depend on when
	// it was packaged.
	SameFiles Verdict = "same files"
	// Verified means a file that cannot be rebuilt: a signature, or a file that contains one.
	Verified Verdict = "signed, verified"
	// Unknown means that something needed for the comparison was not available.
	Unknown Verdict = "cannot say"
	Differs Verdict = "differs"
)

// rank orders the verdicts.
var rank = map[Verdict]int{Same: 0, SameFiles: 0, Verified: 0, Unknown: 1, Differs: 2}

// Check is the result for one artifact.
type Check struct {
	// Artifact is an asset of the release, a binary in one as named by provenance, or the file
	// in a registry.
	Artifact string  `json:"artifact"`
	Verdict  Verdict `json:"verdict"`
	// What adds details for people, "" if there are none.
	What       string      `json:"what,omitempty"`
	Difference *Difference `json:"difference,omitempty"`
}

// Report is the result of comparing a release with its source.
type Report struct {
	// Verdict is Same if everything is the same or verified.
	Verdict Verdict `json:"verdict"`
	Tag     string  `json:"tag"`
	Commit  string  `json:"commit"`
	Plan    string  `json:"plan"` // the digest of the plan that was run
	// Toolchain is the image the release was rebuilt in, Rust the compiler's release.
	Toolchain string  `json:"toolchain"`
	Rust      string  `json:"rust"`
	Signed    bool    `json:"signed"` // the release has binaries, which are signed
	Checks    []Check `json:"checks"`
	// Kept lists steps that did not run again, because the runner had results of an earlier
	// run with the same inputs on this machine.
	Kept []string `json:"kept,omitempty"`
	// Reasons lists what differed between the two builds: the probable causes, if something
	// differs.
	Reasons []string `json:"reasons,omitempty"`
}

// Add appends a check. The verdict of the report is the worst of its checks.
func (r *Report) Add(c Check) {
	r.Checks = append(r.Checks, c)
	switch {
	case rank[c.Verdict] > rank[r.Verdict]:
		r.Verdict = c.Verdict
	case r.Verdict == "":
		r.Verdict = Same
	}
}

// Note adds a check with a formatted text.
func (r *Report) Note(artifact string, v Verdict, format string, args ...any) {
	r.Add(Check{Artifact: artifact, Verdict: v, What: fmt.Sprintf(format, args...)})
}

// Compare compares a released file with the rebuilt one and adds the result. It reports
// whether they are the same.
func (r *Report) Compare(artifact, released, rebuilt string) bool {
	d, err := Files(released, rebuilt)
	switch {
	case err != nil:
		r.Note(artifact, Unknown, "%s", console.ErrorLine(err))
	case d != nil:
		r.Add(Check{Artifact: artifact, Verdict: Differs, Difference: d})
	default:
		r.Note(artifact, Same, "")
	}
	return err == nil && d == nil
}

// Text renders the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	console.Fprintf(&b, "\n%s, built again from commit %s\n\n  plan       %s\n  toolchain  %s (Rust %s)\n\n", r.Tag, r.Commit, r.Plan, r.Toolchain, r.Rust)
	for _, c := range r.Checks {
		console.Fprintf(&b, "  %-17s %s%s\n", c.Verdict, c.Artifact, c.more())
	}
	if len(r.Kept) > 0 {
		console.Fprintf(&b, "\nNot built again, but taken from an earlier run with the same inputs: %s.\nWith an empty cache (slipway: --cache) everything is built.\n", strings.Join(r.Kept, ", "))
	}
	if len(r.Reasons) > 0 {
		b.WriteString("\nDifferent from when the release was made\n")
		for _, reason := range r.Reasons {
			console.Fprintf(&b, "  %s\n", reason)
		}
	}
	if r.Signed {
		b.WriteString("\nOnly the signer could make a signature again: signatures, certificates, bundles and\nsigned statements were verified, not rebuilt.\n")
	}
	b.WriteString(r.conclusion())
	return b.String()
}

// more returns the text that follows the name of the artifact.
func (c Check) more() string {
	var parts []string
	if c.Difference != nil {
		parts = append(parts, c.Difference.String())
	}
	if c.What != "" {
		parts = append(parts, c.What)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

// conclusion returns the report's verdict as a sentence.
func (r *Report) conclusion() string {
	probably := ""
	if len(r.Reasons) > 0 {
		probably = " The probable reason is the difference listed above."
	}
	switch r.Verdict {
	case Differs:
		return "\nIt differs: not everything that users download is what this source produces here." + probably + "\n"
	case Unknown:
		return "\nCannot say: something needed for the comparison was not available.\n"
	}
	return "\nThe same: what users download is what this source produces, bit for bit.\n"
}

// JSON renders the report for programs.
func (r *Report) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}
