package release

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/quote"
)

// howToProtect points to the documentation of the repository's setup.
const howToProtect = "see \"Setting up\" of slipway's docs/actions.md"

// checkEnvironment warns if the deployment environment admits branches other than the release
// branch. It is not an error, because this run is on the release branch. But any branch can
// change its own workflows, and only the environment can keep it from publishing.
func (r *run) checkEnvironment(ctx context.Context) error {
	name := r.To.Environment
	if name == "" {
		return nil
	}
	e, err := r.To.GitHub.Environment(ctx, name)
	if err != nil && !errors.Is(err, github.ErrUnseen) {
		return err
	}
	finding := exposed(name, r.Plan.Source.ReleaseBranch, e)
	if err != nil {
		finding = fmt.Sprintf("could not check that environment %s admits the release branch alone: %v; %s", quote.Line(name), err, howToProtect)
	}
	if finding != "" {
		r.report.AddNote(finding)
		r.tell(finding)
	}
	return nil
}

// exposed returns a warning that names who can use the environment besides the release branch,
// or "".
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
	return fmt.Sprintf("WARNING: environment %s admits %s: whoever can push there can publish, with a workflow without slipway's checks; admit branch %q alone: %s", quote.Line(name), who, branch, howToProtect)
}
