package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// TrainSchema is the version of the JSON format of a train, as [Schema] is that of a plan.
const TrainSchema = "slipway.train/v1"

// Train is the plan of a release of several crates of one workspace, one after the other. A dry
// run has the same plan.
type Train struct {
	Schema string `json:"schema"`
	// Crates are the crates' plans in release order: what a crate needs comes before it. Each
	// equals the plan for releasing that crate alone.
	Crates []*Plan `json:"crates"`
}

// NewTrain plans the release of crates, each given as "name" or "name@version"; a version must be
// the manifest's. nil means every crate that goes to a registry. Apart from Crate and Version,
// the request applies to every crate. Errors of all crates are reported together.
func NewTrain(w *cargo.Workspace, crates []string, req Request) (*Train, error) {
	order, err := w.Order()
	if err != nil {
		return nil, err
	}
	wanted, err := chooseCrates(w, crates)
	wrong := []error{err}
	t := &Train{Schema: TrainSchema}
	for _, c := range order {
		v, ok := wanted[c.Name]
		if !ok {
			continue
		}
		req.Crate, req.Version = c.Name, v
		p, err := New(w, req)
		t.Crates = append(t.Crates, p)
		// A fault of the workspace is an error for each of its crates: report it once.
		if err != nil && !slices.ContainsFunc(wrong, func(told error) bool { return told != nil && told.Error() == err.Error() }) {
			wrong = append(wrong, err)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return t, nil
}

// chooseCrates returns the version to release of each crate.
func chooseCrates(w *cargo.Workspace, crates []string) (map[string]string, error) {
	wanted := map[string]string{}
	if err := checkList("--crates", crates); err != nil {
		return nil, err
	}
	if len(crates) == 0 {
		if err := w.Unread().Check("choosing the crates to release: name those to release (--crates), because not all can be read", finding.Nothing); err != nil {
			return nil, err
		}
		for _, c := range w.Crates {
			if ok, _ := c.Publishable(); ok {
				wanted[c.Name] = c.Version
			}
		}
		if len(wanted) == 0 {
			return nil, errors.New("choosing the crates to release: none of the workspace goes to a registry: name those to release (--crates)")
		}
		return wanted, nil
	}
	var wrong []error
	for _, item := range crates {
		name, v, given := strings.Cut(item, "@")
		c, err := w.Crate(name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if _, twice := wanted[c.Name]; twice {
			wrong = append(wrong, fmt.Errorf("choosing the crates to release: %s is listed twice: list it once", quote.Line(name)))
		}
		if wanted[c.Name] = c.Version; given {
			wanted[c.Name] = v
		} else if c.Version == "" {
			wrong = append(wrong, fmt.Errorf("choosing the crates to release: crate %q has no version that can be read: `slipway plan` says why", c.Name))
		}
	}
	return wanted, errors.Join(wrong...)
}

// Without returns the crates that p's crate needs from a registry and that the train does not
// release, so that they must already be published.
func (t *Train) Without(p *Plan) []string {
	return slices.DeleteFunc(slices.Clone(p.Requires), func(name string) bool {
		return slices.ContainsFunc(t.Crates, func(other *Plan) bool { return other.Crate == name })
	})
}

// CheckInitial returns an error unless every crate that is said to be new to the registry is part
// of the train and goes to a registry. A misspelt crate would otherwise be treated as one that
// the registry already has.
func (t *Train) CheckInitial(crates []string) error {
	if err := checkList("--initial-release", crates); err != nil {
		return err
	}
	var wrong []error
	for _, name := range crates {
		if !slices.ContainsFunc(t.Crates, func(p *Plan) bool { return p.Crate == name && p.Publish.Publishable }) {
			wrong = append(wrong, fmt.Errorf("checking the first release of %s: it is not a crate of this train that goes to a registry: name one that is (--initial-release)", quote.Line(name)))
		}
	}
	return errors.Join(wrong...)
}

// JSON returns the train as indented JSON.
func (t *Train) JSON() ([]byte, error) { return render(t) }

// Digest returns "sha256:" and the hex digest of the train's JSON.
func (t *Train) Digest() (string, error) { return digestOf(t) }

// Text renders the train for people: the crates in order with the digests of their plans, and
// their effects. The steps are in the text of each crate's own plan.
func (t *Train) Text() (string, error) {
	digest, err := t.Digest()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	console.Fprintf(&b, "Plan to release %s, in this order\n\n  plan       %s\n", t.Title(), digest)
	first := t.Crates[0]
	if first.Source.Commit != "" {
		console.Fprintf(&b, "  commit     %s\n", first.Source.text())
	}
	console.Fprintf(&b, "  toolchain  %s\n\nCrates\n", first.Toolchain)
	for i, p := range t.Crates {
		digest, err := p.Digest()
		if err != nil {
			return "", err
		}
		console.Fprintf(&b, "  %d. %s\n     plan %s, %d steps: slipway plan --crate %s --version %s\n", i+1, p.Tag, digest, len(p.Steps), p.Crate, p.Version)
		if without := t.Without(p); len(without) > 0 {
			console.Fprintf(&b, "     needs %s published: not in this train\n", strings.Join(without, ", "))
		}
	}
	b.WriteString("\nEffects of a real release: none before every crate is built, tested and packaged\n")
	for _, p := range t.Crates {
		console.Fprintf(&b, "  %s\n", p.Tag)
		for i, e := range p.Effects {
			console.Fprintf(&b, "    %d. %s\n", i+1, e.About)
		}
	}
	b.WriteString(FindingsText(t.Findings()))
	return b.String(), nil
}

// Findings returns the findings of all crates, each once.
func (t *Train) Findings() finding.List {
	var all finding.List
	for _, p := range t.Crates {
		all = append(all, p.Findings...)
	}
	return all.Sorted()
}

// Title describes what the train releases, for people.
func (t *Train) Title() string {
	if len(t.Crates) == 1 {
		return t.Crates[0].Tag
	}
	return fmt.Sprintf("%d crates", len(t.Crates))
}
