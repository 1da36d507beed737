package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/gitdir"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/toolchain"
)

// Request describes the release that a maintainer asks for.
type Request struct {
	// Crates are the crates to release, each as "name" or "name@version"; a version must be the
	// manifest's. nil means every crate that goes to a registry or, if there is a request for
	// images, none.
	Crates []string
	// Images asks for images; nil for none.
	Images *ImagesRequest
	// Toolchain is an image reference, or the name of an image that was passed to the runner; ""
	// selects one (see chooseToolchain).
	Toolchain string
	// Rust is the release of rustup's distribution server that the channel of the workspace's
	// toolchain file stands for; zero if Debian's is right, or if NoRust says why there is none.
	Rust   toolchain.Rust
	NoRust string
	// Targets are the target triples of the crates to release; none means both musl targets.
	Targets []string
	// Signing is how binaries and images are signed: [SignedKeyless], the default for "", or
	// [SignedByKey].
	Signing string
	// SigningServices are the addresses of sigstore services other than the public ones.
	SigningServices []string
	// Source is the state of the workspace's git repository.
	Source Source
	// History asks git for the commits to make notes from if no changelog has them; nil means
	// that there is no repository.
	History notes.Ask
	// Record is what cargo sees of the repository, so that the packaged crate names its commit;
	// nil for nothing.
	Record *gitdir.Record
}

// ImagesRequest says which images to release.
type ImagesRequest struct {
	Version string   // all have the same, which is none of a crate
	Names   []string // nil for all that the workspace declares
}

// The ways of signing. A dry run signs with an ephemeral key whatever the plan says.
const (
	SignedKeyless = "keyless"
	SignedByKey   = "with a key"
)

// signing returns how the release is signed.
func (r Request) signing() string { return cmp.Or(r.Signing, SignedKeyless) }

// checkAddresses refuses addresses that contain a secret, because plans are shown.
func (r Request) checkAddresses() error {
	for _, service := range r.SigningServices {
		if err := address.Check("a service that signs (--fulcio-url, --rekor-url, --timestamp-url)", service); err != nil {
			return err
		}
	}
	return address.CheckReference("the toolchain (--toolchain)", r.Toolchain)
}

// choice is a crate to release, and the version that was asked for.
type choice struct {
	crate   *cargo.Crate
	version string
}

// chooseCrates returns the crates to release, in the order in which they were named. The list may
// be incomplete if there is an error.
func chooseCrates(w *cargo.Workspace, names []string) (list []choice, err error) {
	if len(names) == 0 {
		if err := w.Unread().Check("choosing the crates to release: name those to release (--crates), because not all can be read", finding.Nothing); err != nil {
			return nil, err
		}
		return publishable(w)
	}
	var wrong []error
	for _, item := range names {
		name, v, given := strings.Cut(item, "@")
		c, err := w.Crate(name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if slices.ContainsFunc(list, func(other choice) bool { return other.crate == c }) {
			wrong = append(wrong, fmt.Errorf("choosing the crates to release: %s is listed twice: list it once", quote.Line(name)))
		}
		if !given {
			if v = c.Version; v == "" {
				wrong = append(wrong, fmt.Errorf("choosing the crates to release: crate %q has no version that can be read: `slipway plan` says why", c.Name))
				continue
			}
		}
		list = append(list, choice{c, v})
	}
	return list, errors.Join(wrong...)
}

// publishable returns all crates that go to a registry.
func publishable(w *cargo.Workspace) (list []choice, err error) {
	for i := range w.Crates {
		if ok, _ := w.Crates[i].Publishable(); ok {
			list = append(list, choice{&w.Crates[i], w.Crates[i].Version})
		}
	}
	if len(list) == 0 {
		err = errors.New("choosing the crates to release: none of the workspace goes to a registry: name those to release (--crates)")
	}
	return list, err
}

// inOrder returns the crates in release order. One alone has a plan even if other crates depend on
// each other in a cycle.
func inOrder(w *cargo.Workspace, list []choice) ([]choice, error) {
	if len(list) < 2 {
		return list, nil
	}
	order, err := w.Order()
	if err != nil {
		return nil, err
	}
	at := map[*cargo.Crate]int{}
	for i, c := range order {
		at[c] = i
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b choice) int { return cmp.Compare(at[a.crate], at[b.crate]) }), nil
}

// CheckInitial returns an error unless every crate that is said to be new to the registry is part
// of the plan and goes to a registry. A misspelt crate would otherwise be treated as one that
// the registry already has.
func (p *Plan) CheckInitial(crates []string) error {
	var wrong []error
	for _, name := range crates {
		if c := p.Crate(name); c == nil || !c.Publish.Publishable {
			wrong = append(wrong, fmt.Errorf("checking the first release of %s: it is not a crate of this train that goes to a registry: name one that is (--initial-release)", quote.Line(name)))
		}
	}
	return errors.Join(wrong...)
}
