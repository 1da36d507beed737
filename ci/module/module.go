// Package module runs the verbs of ci/app for the Dagger module, in the engine session that its
// function was called in. Package main only converts arguments and results.
package module

import (
	"context"
	"fmt"
	"os"

	"dagger.io/dagger"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/transport"
)

// Inputs holds what the caller has given to the module's constructor, and to the functions that go
// before others.
type Inputs struct {
	// Source is the ID of a directory, and Workspace the path of the Rust workspace in it, ""
	// for the root.
	Source, Workspace string
	// Toolchain names an image; "" leaves the choice to the plan.
	Toolchain string
	// Layout is the ID of a directory with the OCI layout of a toolchain image. It takes
	// precedence over Toolchain.
	Layout string
	// RustServer is the address of rustup's distribution server, and Channel that of Rust; "" for
	// the defaults.
	RustServer, Channel string
	// Base is the ID of a Debian container with apt, from which slipway's own toolchain image
	// is built.
	Base string
	// Limits lists the limits of steps that differ from the default: see [step.ParseLimits].
	Limits string
	// Signing is how every verb that plans says that it signs.
	Signing app.Signing
	// Registries holds the tokens of registries other than crates.io.
	Registries []RegistryToken
	// Services lists the hosts that the engine reaches through the caller's tunnel.
	Services []string
}

// Apply sets the options of a verb that the inputs hold.
func (in Inputs) Apply(v app.Verb) {
	if v, ok := v.(interface{ HowToSign() *app.Signing }); ok {
		*v.HowToSign() = in.Signing
	}
	if v, ok := v.(interface{ Where() *app.Root }); ok {
		v.Where().Source = in.Workspace
	}
}

// Text runs a verb and returns what it prints. A comparison that is not good is an error.
func Text(ctx context.Context, in Inputs, v app.Verb) (_ string, failed error) {
	defer console.ForPeople(&failed)
	_, made, err := call(ctx, in, v)
	if err != nil {
		return "", err
	}
	if made.Verdict != app.Good {
		return "", console.Errorf("%w\n%s", made.Finding, console.Lines(made.Output))
	}
	return made.Output, nil
}

// Directory runs a verb and returns the ID of the directory with the files that it has written.
func Directory(ctx context.Context, in Inputs, v app.Verb) (_ string, failed error) {
	defer console.ForPeople(&failed)
	s, made, err := call(ctx, in, v)
	if err != nil {
		return "", err
	}
	id, err := s.client.Host().Directory(made.Dir, dagger.HostDirectoryOpts{NoCache: true}).ID(ctx)
	return string(id), err
}

// Files runs a verb and returns the text of the files to change, by path.
func Files(ctx context.Context, in Inputs, v app.Verb) (_ map[string]string, failed error) {
	defer console.ForPeople(&failed)
	_, made, err := call(ctx, in, v)
	return made.Files, err
}

// Toolchain returns the ID of a container with slipway's own toolchain image.
func Toolchain(ctx context.Context, in Inputs, v *app.Toolchain) (_ string, failed error) {
	defer console.ForPeople(&failed)
	_, made, err := call(ctx, in, v)
	return made.Dir, err
}

// call joins the session that the function was called in, and runs a verb there.
func call(ctx context.Context, in Inputs, v app.Verb) (*session, app.Outcome, error) {
	in.Apply(v)
	if err := app.Check(v); err != nil {
		return nil, app.Outcome{}, err
	}
	transport.Tunnelled(in.Services...)
	client, err := dagger.Connect(ctx)
	if err != nil {
		return nil, app.Outcome{}, fmt.Errorf("joining the Dagger session: %w", err)
	}
	work, err := os.MkdirTemp("", "slipway-")
	if err != nil {
		return nil, app.Outcome{}, err
	}
	s := &session{in: in, client: client, work: work, again: again(v)}
	made, err := v.Run(ctx, s)
	for _, note := range made.Notes {
		console.Fprintf(console.Stderr, "note: %s\n", note)
	}
	return s, made, err
}

// again returns the words of the command that continues an interrupted release.
func again(v app.Verb) string {
	function := "release-crate"
	switch v.(type) {
	case *app.Train:
		function = "release-train"
	case *app.Images:
		function = "release-demo-app"
	}
	return "dagger call " + function + " … --dry-run=false, with the same arguments"
}
