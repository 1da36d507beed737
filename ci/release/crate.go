package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/transport"
)

// publishStep returns the named one of the steps that query or change the registry.
func (r *Release) publishStep(name string) step.Step {
	i := slices.IndexFunc(r.Plan.Publish.Steps, func(s step.Step) bool { return s.Name == name })
	return r.Plan.Publish.Steps[i]
}

// openRegistry opens the registry to publish to, and checks that its token may be used.
func (p *publishing) openRegistry(ctx context.Context) (*registry.Registry, error) {
	if to := p.Plan.Publish; !p.to.Registries.Has(to.Registry) {
		return nil, p.to.Registries.Missing(to.Registry)
	}
	if err := p.checkToolchain(); err != nil {
		return nil, err
	}
	r, err := p.findRegistry(ctx)
	if err != nil {
		return nil, err
	}
	return r, r.CheckAddresses()
}

// checkToolchain returns an error if only the workspace chose the toolchain image, because
// cargo in it would get the registry's token.
func (p *publishing) checkToolchain() error {
	named := p.Plan.Toolchain
	if named != p.Workspace.Settings.Toolchain || named == p.to.Toolchain {
		return nil
	}
	return fmt.Errorf("checking toolchain %q: the workspace names it, and cargo in it would get the token of the registry: if you trust it with that, say so with --toolchain=%s", named, named)
}

// findRegistry opens the registry for reading. Most registries need no token for that.
func (p *publishing) findRegistry(ctx context.Context) (*registry.Registry, error) {
	to := p.Plan.Publish
	if to.Index != "" {
		token, err := p.to.Registries.For(to.Registry, to.Index)
		if err != nil {
			return nil, err
		}
		return registry.Open(ctx, to.Index, token)
	}
	if to.Registry != "" {
		return nil, fmt.Errorf("checking the registry %q, which the crate is published to: .cargo/config.toml of the workspace does not say where it is: add [registries.%s] with its index", to.Registry, to.Registry)
	}
	return p.defaultRegistry(ctx)
}

// defaultRegistry opens the registry that cargo uses by default. cargo names the directory in
// which it caches an index after the index's host, and keeps a copy of the index's config.json
// in it.
func (p *publishing) defaultRegistry(ctx context.Context) (*registry.Registry, error) {
	if _, err := p.run(ctx, p.publishStep(plan.StepRegistry)); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "slipway-registry-")
	if err != nil {
		return nil, fmt.Errorf("asking cargo for its registry: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	dir := filepath.Join(work, "index")
	if err := p.Runner.Export(ctx, plan.StepRegistry, plan.OutputIndex, dir); err != nil {
		return nil, err
	}
	found, err := os.ReadDir(dir)
	found = slices.DeleteFunc(found, func(e os.DirEntry) bool { return !e.IsDir() })
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("asking cargo for its registry: it keeps %d indexes, expected one", len(found))
	}
	name := found[0].Name()
	index := "sparse+https://" + name[:max(strings.LastIndex(name, "-"), 0)] + "/"
	token, err := p.to.Registries.For("", index)
	if err != nil {
		return nil, err
	}
	r, err := registry.Open(ctx, index, token)
	if err != nil {
		return nil, err
	}
	kept, err := beneath.ReadFile(filepath.Join(dir, name, "config.json"), 1<<20)
	if err == nil {
		err = r.SameConfig(kept)
	}
	return r, err
}

// crate returns the publisher of the crate, with the upload performed by cargo.
func (p *publishing) crate() *publish.Crate {
	return &publish.Crate{
		Registry: p.registry, Name: p.Plan.Crate, Version: p.Plan.Version, File: p.crateFile(),
		Upload: func(ctx context.Context) error {
			_, err := p.run(ctx, p.publishStep(plan.StepUpload))
			return readUpload(err)
		},
	}
}

func (p *publishing) crateFile() string {
	return filepath.Join(p.Out, p.Plan.Crate+"-"+p.Plan.Version+".crate")
}

func (p *publishing) exportCrate(ctx context.Context) error {
	work, done, err := workIn(p.Out)
	if err != nil {
		return err
	}
	defer done()
	name := filepath.Base(p.crateFile())
	if err := p.Runner.Export(ctx, plan.StepPackage, plan.OutputCrate, filepath.Join(work, name)); err != nil {
		return err
	}
	return moveFinished(work, p.Out, []string{name})
}

// askOwners returns the crate's owners as listed by cargo.
func (p *publishing) askOwners(ctx context.Context) ([]string, error) {
	result, err := p.run(ctx, p.publishStep(plan.StepOwners))
	if err != nil {
		return nil, fmt.Errorf("asking for the owners of crate %q: %w", p.Plan.Crate, err)
	}
	return readOwners(result.Stdout), nil
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
		return fmt.Errorf("%w: %w", publish.ErrThere, err)
	}
	if unresolved.MatchString(exit.Tail) { // preflight has checked the dependency, or this run has published it
		return &uploadError{error: err, transient: true, wait: lag}
	}
	u := &uploadError{error: err, transient: passing.MatchString(exit.Tail)}
	if wait, ok := askedToWait(exit.Tail, time.Now()); ok && u.transient {
		u.wait = wait
		if u.transient = wait <= longestWait; !u.transient {
			u.error = console.Errorf("%w\nthe registry asks to come back in %s, which is too long to wait: run again then", err, wait.Round(time.Second))
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

// ownerEffect returns the effect that invites whoever releases to be an owner. It does not look
// for the invitation afterwards, because crates.io shows one to the invited user only.
func (p *publishing) ownerEffect(about string) publish.Effect {
	invited := p.shared.actor == ""
	return publish.Effect{
		Kind: "owner", About: about,
		Look: func(ctx context.Context) (publish.Verdict, error) {
			if invited {
				return publish.Done, nil
			}
			owners, err := p.askOwners(ctx)
			if err != nil || !slices.Contains(owners, p.shared.actor) {
				return publish.Do, err
			}
			return publish.Done, nil
		},
		Act: func(ctx context.Context) error {
			s := p.publishStep(plan.StepInvite)
			s.Args = slices.Clone(s.Args)
			s.Args[slices.Index(s.Args, plan.Actor)] = p.shared.actor
			_, err := p.run(ctx, s)
			var exit *step.ExitError
			if errors.As(err, &exit) && strings.Contains(exit.Tail, "already") { // already an owner, or invited
				err = nil
			}
			invited = err == nil
			return readUpload(err)
		},
	}
}
