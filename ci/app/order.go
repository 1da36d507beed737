package app

import (
	"context"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/rustup"
	"dagger/slipway/ci/toolchain"
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
	Channel    string `name:"channel" help:"<channel> of Rust to make it with, as a toolchain file names it (default: Debian's release)"`
	RustServer string `name:"rustup-dist-server" env:"RUSTUP_DIST_SERVER" help:"<address> of the server that other channels of Rust come from (default: $RUSTUP_DIST_SERVER, or rustup's own)" only:"command"`
	Base       string `name:"base" env:"SLIPWAY_BASE" help:"Debian <image> with apt that slipway's own image is made in (default: $SLIPWAY_BASE; else this machine if it is a Debian, or debian:bookworm-slim)" only:"command"`
	Cache      string `name:"cache" help:"<directory> for files that can be recreated (default: the user's cache directory)" only:"command"`
	Out        string `name:"out" help:"<directory> to copy the OCI layout to" only:"command"`
}

// Run prints how the host names the image.
func (v *Toolchain) Run(ctx context.Context, h Host) (Outcome, error) {
	if err := address.CheckReference(baseOption, v.Base); err != nil {
		return Outcome{}, err
	}
	image, err := v.image(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	name, err := h.MakeToolchain(ctx, v, image)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Output: name + "\n", Dir: name}, nil
}

// image returns how to make the image.
func (v *Toolchain) image(ctx context.Context, h Host) (toolchain.Image, error) {
	if v.Channel == "" || v.Channel == toolchain.Channel {
		return toolchain.Image{}, nil
	}
	if err := cargo.CheckChannel(v.Channel); err != nil {
		return toolchain.Image{}, err
	}
	named, _ := h.Rust(v.RustServer, "")
	server, err := rustup.Open(named)
	if err != nil {
		return toolchain.Image{}, err
	}
	return imageFor(ctx, server, v.Channel)
}
