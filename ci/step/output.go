package step

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"dagger/slipway/ci/beneath"
)

// CopyOutput copies an output that a step left under a name below a directory to a path
// on this machine, as [Runner].Export does. What it finds may be whatever the step's
// command has put there.
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

// OutputError says of an error of package beneath what it means for an output that was
// looked for under a name: by the path that the step's command knows.
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
