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

// publishStep is one of the steps that ask or change the registry.
func (r *Release) publishStep(name string) step.Step {
	i := slices.IndexFunc(r.Plan.Publish.Steps, func(s step.Step) bool { return s.Name == name })
	return r.Plan.Publish.Steps[i]
}

// openRegistry opens the registry that the plan names, or cargo's own.
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

// checkToolchain returns an error where cargo, which gets the registry's token, would be that
// of an image which the workspace alone has chosen.
func (p *publishing) checkToolchain() error {
	named := p.Plan.Toolchain
	if named != p.Workspace.Settings.Toolchain || named == p.to.Toolchain {
		return nil
	}
	return fmt.Errorf("checking toolchain %q: the workspace names it, and cargo in it would get the token of the registry: if you trust it with that, say so with --toolchain=%s", named, named)
}

// findRegistry does the same for who only reads, which wants no token of most.
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

// defaultRegistry opens the registry that cargo has read: cargo names the directory
// that it keeps of an index by the index's host, and keeps the index's own
// configuration in it.
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

// crate performs the effect on the registry.
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
	return appear(work, p.Out, []string{name})
}

// askOwners has cargo ask for the owners of the crate.
func (p *publishing) askOwners(ctx context.Context) ([]string, error) {
	result, err := p.run(ctx, p.publishStep(plan.StepOwners))
	if err != nil {
		return nil, fmt.Errorf("asking for the owners of crate %q: %w", p.Plan.Crate, err)
	}
	return readOwners(result.Stdout), nil
}

// uploadError is an upload that cargo could not finish, or says so.
type uploadError struct {
	error
	wait   time.Duration
	passes bool
}

// Printed is the text of what the upload failed with.
func (u *uploadError) Printed() string { return console.ErrorText(u.error) }

var (
	tryAgain   = regexp.MustCompile(`try again after ([A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|UTC))`)
	retryAfter = regexp.MustCompile(`(?mi)^\s*retry-after: *(\S.*?)\s*$`)
	passing    = regexp.MustCompile(`(?m)^\s*\[\d{1,2}\] |\b(429|500|502|503|504)\b|timed? ?out|connect|reset|SSL|DNS|resolve host|spurious|network`)
	there      = regexp.MustCompile(`already uploaded|already exists`)
	unresolved = regexp.MustCompile(`failed to select a version for the requirement|no matching package named`)
)

// lag is how long the index is given to show cargo the crate that was published just
// before this one: a cache in front of it may show it to one client before another.
const lag = 20 * time.Second

// longestWait is how long a registry may ask to wait before the next upload.
// crates.io takes a new crate every 10 minutes, once its burst of 5 is used up, and
// a version of one that it has every minute, after 30 (crates.io, "Rate Limits").
const longestWait = 15 * time.Minute

// readUpload judges why cargo's upload failed, by its words: there is nothing else.
// Whether the crate was uploaded all the same, the index says.
func readUpload(err error) error {
	var exit *step.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if there.MatchString(exit.Tail) {
		return fmt.Errorf("%w: %w", publish.ErrThere, err)
	}
	if unresolved.MatchString(exit.Tail) { // preflight has seen that it is there, or has come
		return &uploadError{error: err, passes: true, wait: lag}
	}
	u := &uploadError{error: err, passes: passing.MatchString(exit.Tail)}
	if wait, ok := askedToWait(exit.Tail, time.Now()); ok && u.passes {
		u.wait = wait
		if u.passes = wait <= longestWait; !u.passes {
			u.error = console.Errorf("%w\nthe registry asks to come back in %s, which is too long to wait: run again then", err, wait.Round(time.Second))
		}
	}
	return u
}

// askedToWait is how long the registry's answer asks to wait, as cargo shows it: a
// message in JSON goes without its headers, and crates.io says in it when to come
// again; any other answer comes whole, a header Retry-After with it.
func askedToWait(words string, now time.Time) (time.Duration, bool) {
	if m := tryAgain.FindStringSubmatch(words); m != nil {
		if at, err := time.Parse(time.RFC1123, m[1]); err == nil {
			return max(0, at.Sub(now)) + time.Second, true // its seconds are rounded down
		}
	}
	if m := retryAfter.FindStringSubmatch(words); m != nil {
		return transport.RetryAfter(m[1], now)
	}
	return 0, false
}

// ownerEffect invites whoever releases. crates.io shows an invitation to nobody
// but the invited, so that it is not looked for afterwards.
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
			if errors.As(err, &exit) && strings.Contains(exit.Tail, "already") { // an owner, or invited
				err = nil
			}
			invited = err == nil
			return readUpload(err)
		},
	}
}
