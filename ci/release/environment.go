package release

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/quote"
)

// howToProtect names where the page that sets a repository up says it.
const howToProtect = "see \"Setting up\" of slipway's docs/actions.md"

// checkEnvironment notes where the environment that publishes lets other branches in
// than the release branch. It stops nothing: this run is on the release branch; but a
// branch can change its own workflows, and the environment alone can refuse it.
func (p *publishing) checkEnvironment(ctx context.Context) error {
	name := p.to.Environment
	if name == "" {
		return nil
	}
	e, err := p.to.GitHub.Environment(ctx, name)
	if err != nil && !errors.Is(err, github.ErrUnseen) {
		return err
	}
	finding := exposed(name, p.Plan.Source.ReleaseBranch, e)
	if err != nil {
		finding = fmt.Sprintf("nobody has checked that environment %s lets in the release branch alone: %v; %s", quote.Line(name), err, howToProtect)
	}
	if finding != "" {
		p.remarks = append(p.remarks, finding)
		p.tell(finding)
	}
	return nil
}

// exposed says who may use the environment beside the release branch, "" for nobody.
func exposed(name, branch string, e github.Environment) string {
	var who string
	switch {
	case e.Only(branch):
		return ""
	case e.Any:
		who = "every branch"
	case e.Protected:
		who = "every protected branch"
	case len(e.Patterns) == 0:
		who = "no branch by its name"
	default:
		var names []string
		for _, pattern := range e.Patterns {
			names = append(names, strings.TrimSpace(pattern.Type+" "+quote.Line(pattern.Name)))
		}
		who = strings.Join(names, ", ")
	}
	return fmt.Sprintf("WARNING: environment %s lets in %s: whoever may push there can publish, by a workflow without slipway's checks; let in branch %q alone: %s", quote.Line(name), who, branch, howToProtect)
}
