package step

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"dagger/slipway/ci/beneath"
)

// CopyOutput copies an output from name in a directory to a path on this machine, with the
// guarantees of [Runner].Export. The step's command may have left anything in its place.
func CopyOutput(s Step, o Output, from *beneath.Dir, name, to string) error {
	var err error
	switch {
	case o.Links:
		_, err = from.CopyRoot(name, to, beneath.KeptLimits())
	case o.Dir:
		_, err = from.CopyTree(name, to, beneath.ReleaseLimits())
	default:
		_, err = from.CopyFile(name, to, beneath.ReleaseLimits())
	}
	if err != nil {
		return fmt.Errorf("exporting output %q of step %q: %w", o.Name, s.Name, OutputError(o, name, err))
	}
	return nil
}

// OutputError translates an error of package beneath about an output that was looked for under
// name: it gives the path as the step's command sees it, and the likely cause.
func OutputError(o Output, name string, err error) error {
	var found *beneath.Refused
	if !errors.As(err, &found) {
		return err
	}
	shown := *found
	shown.Path = o.Path
	if inside, ok := strings.CutPrefix(found.Path, name); ok {
		shown.Path += inside
	} else {
		for range strings.Count(name, "/") - strings.Count(found.Path, "/") {
			shown.Path = path.Dir(shown.Path)
		}
	}
	if shown.Limit {
		return &shown
	}
	return fmt.Errorf("%w: a build script or a procedural macro has replaced the output", &shown)
}
