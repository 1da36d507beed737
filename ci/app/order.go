package app

import (
	"context"

	"dagger/slipway/ci/plan"
)

// Order prints the order in which crates must be released.
type Order struct {
	Root
	Crate string `name:"crate" complete:"crates" help:"only this crate and what must be released before it"`
}

// Run reads the workspace and starts no container.
func (v *Order) Run(ctx context.Context, h Host) (Outcome, error) {
	w, _, err := v.read(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	text, err := plan.Order(w, v.Crate)
	return Outcome{Output: text, Notes: w.Unread().Lines()}, err
}

// Toolchain makes slipway's own toolchain image. The module's caller gives the base to its
// constructor.
type Toolchain struct {
	Base  string `name:"base" help:"Debian <image> with apt to fetch the packages with (default: this machine)" only:"command"`
	Cache string `name:"cache" help:"<directory> for files that can be recreated (default: the user's cache directory)" only:"command"`
	Out   string `name:"out" help:"<directory> to copy the OCI layout to" only:"command"`
}

// Run prints how the host names the image.
func (v *Toolchain) Run(ctx context.Context, h Host) (Outcome, error) {
	name, err := h.MakeToolchain(ctx, v)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Output: name + "\n", Dir: name}, nil
}
