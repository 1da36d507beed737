package app

import (
	"cmp"
	"context"
	"errors"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/rustup"
	"dagger/slipway/ci/toolchain"
)

// askedRust is what rustup's distribution server says of the workspace's channel.
type askedRust struct {
	image toolchain.Image // zero for one with Debian's Rust
	why   string          // why the channel is missing, "" if it is not
	notes []string        // the same with what only this machine saw
}

// imageFor returns how an image is made with the release that a channel stands for, which is that of
// Debian's Rust if the two are the same.
func imageFor(ctx context.Context, server *rustup.Server, channel string) (toolchain.Image, error) {
	r, err := server.Resolve(ctx, channel)
	if err != nil || r.Channel == toolchain.Channel {
		return toolchain.Image{}, err
	}
	return toolchain.Image{Rust: toolchain.Rust{Channel: r.Channel, Manifest: r.Manifest}, Archives: r.Archives}, nil
}

// askForRust asks rustup's distribution server for the release that the channel of the workspace's
// toolchain file stands for. It asks nothing if the image is chosen otherwise, or if the channel is
// the one of Debian's Rust.
func (w Workspace) askForRust(ctx context.Context, h Host, read *cargo.Workspace, named string) (askedRust, error) {
	address, channel := h.Rust(w.RustServer, w.Channel)
	if channel != "" {
		if err := read.Toolchain.CheckStandsFor(channel); err != nil {
			return askedRust{}, err
		}
	}
	channel = cmp.Or(channel, read.Toolchain.Channel)
	if named != "" || read.Settings.Toolchain != "" || channel == "" || channel == toolchain.Channel {
		return askedRust{}, nil
	}
	server, err := rustup.Open(address)
	if err != nil {
		return askedRust{}, err
	}
	image, err := imageFor(ctx, server, channel)
	switch {
	case ctx.Err() != nil:
		return askedRust{}, context.Cause(ctx)
	case errors.Is(err, rustup.ErrNoChannel):
		return askedRust{why: "rustup's distribution server does not have it"}, nil
	case err != nil:
		return askedRust{why: "rustup's distribution server could not be asked for it", notes: []string{err.Error()}}, nil
	}
	return askedRust{image: image}, nil
}
