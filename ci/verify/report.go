package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
)

// Verdict is what a check, and a report as a whole, comes to.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Good    Verdict = "good"
	Unknown Verdict = "cannot say" // something that was needed could not be had
	Bad     Verdict = "bad"
)

// Check is one thing that was looked at.
type Check struct {
	// Subject is the file that was looked at, by name.
	Subject string `json:"subject"`
	// What says what was found, or what is wrong.
	What    string  `json:"what"`
	Verdict Verdict `json:"verdict"`
}

// Report is what a verification found.
type Report struct {
	Verdict Verdict `json:"verdict"`
	// DryRun says that a dry run made this, whatever else was found: no release.
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

// add notes a check. One that is bad makes the report bad.
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

// isBad reports whether a file was found bad.
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
		b.WriteString("\nThis is no release: a dry run made it, with a key that anyone can make.\n")
	case r.Verdict == Good:
		b.WriteString("\nGood: all of it was signed as expected.\n")
	case r.Verdict == Bad:
		b.WriteString("\nBad: do not use this.\n")
	default:
		b.WriteString("\nCannot say: something that is needed to tell was not to be had.\n")
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
