package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

// container is the container in which the step's command has run, lazily.
func (r *Runner) container(ctx context.Context, s step.Step, opts dagger.ContainerWithExecOpts) (*dagger.Container, error) {
	img, err := r.image(ctx, s.Image)
	if err != nil {
		return nil, err
	}
	ctr := img.container
	mounts, err := r.mounts(s)
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		ctr = ctr.WithMountedDirectory(m.path, m.dir, dagger.ContainerWithMountedDirectoryOpts{ReadOnly: m.readOnly})
	}
	ctr = ctr.WithWorkdir(s.Dir)
	secrets, err := r.opts.Secrets.Of(s)
	if err != nil {
		return nil, err
	}
	if s.Fresh { // the engine keeps results by what they were made from
		ctr = ctr.WithEnvVariable("SLIPWAY_RUN", rand.Text())
	}
	if s.Network {
		for _, e := range secrets {
			key, value, _ := strings.Cut(e, "=")
			ctr = ctr.WithSecretVariable(key, r.opts.Client.SetSecret("slipway-"+key, value))
		}
		for _, e := range s.Env {
			key, value, _ := strings.Cut(e, "=")
			if value == "" {
				ctr = ctr.WithoutEnvVariable(key)
				continue
			}
			ctr = ctr.WithEnvVariable(key, value)
		}
		return ctr.WithExec(framed(s, s.Args), opts), nil
	}
	if len(secrets) > 0 {
		return nil, fmt.Errorf("running step %q: a step with a secret needs the network, or nothing could be done with it", s.Name)
	}
	// withExec has no public switch for the network, so the command runs in a
	// sandbox inside the container; making one takes capabilities, of which the
	// sandbox leaves none to the command.
	box := bwrap.Sandbox{Root: "/", Env: step.Environment(img.env, s.Env), Dir: s.Dir, Args: s.Args}
	for _, m := range mounts {
		box.Binds = append(box.Binds, bwrap.Bind{From: m.path, To: m.path, ReadOnly: m.readOnly})
	}
	opts.InsecureRootCapabilities = true
	return ctr.WithExec(framed(s, box.Command()), opts), nil
}

const (
	// stampFile holds the time at which a command began.
	stampFile = "/slipway-began"
	// missingStatus and missingMark tell of an output that is not there.
	missingStatus = 113
	missingMark   = "slipway: missing output "
)

// framed is a command line that notes the time, runs the command and looks for
// its outputs: by the time a kept result can be told from one made now, and
// looking in the container saves a query for each output.
func framed(s step.Step, args []string) []string {
	script := "date +%s >" + stampFile + ` && "$@" || exit $?`
	for _, o := range s.Outputs {
		script += fmt.Sprintf("\n[ -e '%s' ] || { echo '%s%s' >&2; exit %d; }", o.Path, missingMark, o.Path, missingStatus)
	}
	return append([]string{"sh", "-c", script, "sh"}, args...)
}

func ranBefore(ctx context.Context, ctr *dagger.Container, begin time.Time) (bool, error) {
	text, err := ctr.File(stampFile).Contents(ctx)
	if err != nil {
		return false, err
	}
	var seconds int64
	if _, err := fmt.Sscan(text, &seconds); err != nil {
		return false, fmt.Errorf("reading %q: %w", stampFile, err)
	}
	return seconds < begin.Unix(), nil
}

// tail is the end of an output, in whole lines.
func tail(output string) string {
	const limit = 8 << 10
	if len(output) <= limit {
		return output
	}
	_, rest, _ := strings.Cut(output[len(output)-limit:], "\n")
	return rest
}
