package publish

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/transport"
)

// NewCrate returns the publisher of a crate that was built, from its .crate file. cargo uploads
// it.
func NewCrate(b *build.Crate, to *registry.Registry, file string) *Crate {
	return &Crate{
		Registry: to, Name: b.Plan.Name, Version: b.Plan.Version, File: file,
		Upload: func(ctx context.Context) error {
			_, err := b.Run(ctx, b.Plan.Publish.Step(plan.StepUpload))
			return readUpload(err)
		},
	}
}

// uploadError is the error of an upload that cargo reports as failed.
type uploadError struct {
	error
	wait      time.Duration
	transient bool
}

// Printed returns the text of the upload's error.
func (u *uploadError) Printed() string { return console.ErrorText(u.error) }

var (
	tryAgain   = regexp.MustCompile(`try again after ([A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|UTC))`)
	retryAfter = regexp.MustCompile(`(?mi)^\s*retry-after: *(\S.*?)\s*$`)
	passing    = regexp.MustCompile(`(?m)^\s*\[\d{1,2}\] |\b(429|500|502|503|504)\b|timed? ?out|connect|reset|SSL|DNS|resolve host|spurious|network`)
	there      = regexp.MustCompile(`already uploaded|already exists`)
	unresolved = regexp.MustCompile(`failed to select a version for the requirement|no matching package named`)
)

// lag is the wait before a retry if cargo does not see a crate that was published just before
// this one: a cache in front of the index may lag behind.
const lag = 20 * time.Second

// longestWait is the longest wait that a registry may ask for before an upload. crates.io
// accepts a new crate every 10 minutes after a burst of 5, and a new version every minute after
// a burst of 30 (crates.io, "Rate Limits").
const longestWait = 15 * time.Minute

// readUpload classifies the error of cargo's upload by its text, as cargo provides nothing
// else. The index tells whether the crate was uploaded all the same.
func readUpload(err error) error {
	var exit *step.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if there.MatchString(exit.Tail) {
		return fmt.Errorf("%w: %w", ErrThere, err)
	}
	if unresolved.MatchString(exit.Tail) { // preflight has checked the dependency, or this run has published it
		return &uploadError{error: err, transient: true, wait: lag}
	}
	u := &uploadError{error: err, transient: passing.MatchString(exit.Tail)}
	if wait, ok := askedToWait(exit.Tail, time.Now()); ok && u.transient {
		u.wait = wait
		if u.transient = wait <= longestWait; !u.transient {
			u.error = console.Errorf("%w\nthe registry asks to retry in %s, which is too long to wait: run again after that", err, wait.Round(time.Second))
		}
	}
	return u
}

// askedToWait returns how long the registry asks to wait, from cargo's output. For an error
// message in JSON cargo prints no headers, but the message of crates.io includes the time; any
// other response is printed with its headers, including Retry-After.
func askedToWait(words string, now time.Time) (time.Duration, bool) {
	if m := tryAgain.FindStringSubmatch(words); m != nil {
		if at, err := time.Parse(time.RFC1123, m[1]); err == nil {
			return max(0, at.Sub(now)) + time.Second, true // the time is rounded down to seconds
		}
	}
	if m := retryAfter.FindStringSubmatch(words); m != nil {
		return transport.RetryAfter(m[1], now)
	}
	return 0, false
}

// CrateTransient reports whether the error of an effect of a crate's release is transient, and how
// long to wait.
func CrateTransient(err error) (time.Duration, bool) {
	var upload *uploadError
	if errors.As(err, &upload) {
		return upload.wait, upload.transient
	}
	return github.Transient(err)
}
