package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
)

// Verdict is the result of a check, or of a whole report.
type Verdict string

// The verdicts, from best to worst.
const (
	Good    Verdict = "good"
	Unknown Verdict = "cannot say" // something needed for the check was not available
	Bad     Verdict = "bad"
)

// Check is the result for one subject.
type Check struct {
	// Subject is the name of the file or image that was checked.
	Subject string `json:"subject"`
	// What says what was found, or what is wrong.
	What    string  `json:"what"`
	Verdict Verdict `json:"verdict"`
}

// Report is the result of a verification.
type Report struct {
	Verdict Verdict `json:"verdict"`
	// DryRun says that something was signed in a dry run: this is not a release, whatever the
	// other checks found.
	DryRun bool    `json:"dryRun"`
	Checks []Check `json:"checks"`
}

func (r *Report) good(subject, format string, args ...any) {
	r.add(Check{subject, fmt.Sprintf(format, args...), Good})
}

func (r *Report) bad(subject string, err error) { r.add(Check{subject, console.ErrorLine(err), Bad}) }

func (r *Report) unknown(subject string, err error) {
	r.add(Check{subject, console.ErrorLine(err), Unknown})
}

// add appends a check. The verdict of the report is the worst of its checks.
func (r *Report) add(c Check) {
	r.Checks = append(r.Checks, c)
	switch {
	case r.Verdict == Bad || c.Verdict == Bad:
		r.Verdict = Bad
	case r.Verdict == Unknown || c.Verdict == Unknown:
		r.Verdict = Unknown
	default:
		r.Verdict = Good
	}
}

// isBad reports whether a file already has a bad check.
func (r *Report) isBad(subject string) bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Subject == subject && c.Verdict == Bad })
}

// Text renders the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	for _, c := range r.Checks {
		console.Fprintf(&b, "  %-10s %s: %s\n", c.Verdict, c.Subject, c.What)
	}
	switch {
	case r.DryRun:
		b.WriteString("\nThis is not a release: a dry run made it and signed it with a throw-away key.\n")
	case r.Verdict == Good:
		b.WriteString("\nGood: all of it was signed as expected.\n")
	case r.Verdict == Bad:
		b.WriteString("\nBad: do not use this.\n")
	default:
		b.WriteString("\nCannot say: something needed for the comparison was not available.\n")
	}
	return b.String()
}

// JSON renders the report for programs.
func (r *Report) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}
