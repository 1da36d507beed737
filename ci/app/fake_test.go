package app

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/gittest"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/toolchain"
)

// errOpened is the error of a fake host that is asked for runners.
var errOpened = errors.New("runners are opened")

// fakeHost is a [Host] whose workspace is a real one and which runs nothing.
type fakeHost struct {
	t      *testing.T
	dir    string // of the workspace; "" if it must not be read
	source *checkout.Source
	job    *Job // what runners were asked for
	tokens map[string]string
}

var _ Host = (*fakeHost)(nil)

// outOfReach is a server that nobody runs: tests ask none on the internet.
const outOfReach = "http://127.0.0.1:1"

func (h *fakeHost) Source(ctx context.Context, _ Root) (_ *checkout.Source, err error) {
	if h.dir == "" {
		h.t.Error("the workspace is read")
	}
	if h.source == nil {
		if h.source, err = checkout.Take(ctx, h.dir, checkout.Options{}); err == nil {
			h.t.Cleanup(func() { _ = h.source.Close() })
		}
	}
	return h.source, err
}

func (h *fakeHost) Files(context.Context, string) (string, error) { return h.dir, nil }

func (h *fakeHost) ToolchainName(_ context.Context, image string) (string, error) { return image, nil }

func (h *fakeHost) Runners(_ context.Context, j Job) (*Runners, error) {
	h.job = &j
	return nil, errOpened
}

func (h *fakeHost) Registries(context.Context) (credential.Registries, error) {
	return credential.Registries{Lookup: func(name string) string { return h.tokens[name] }}, nil
}

func (h *fakeHost) Rust(server, channel string) (string, string) {
	return cmp.Or(server, outOfReach), channel
}

func (h *fakeHost) MakeToolchain(_ context.Context, t *Toolchain, image toolchain.Image) (string, error) {
	return "made of " + t.Base + " with Rust " + image.Rust.Release(), nil
}

func (h *fakeHost) Out(named string) string { return filepath.Join("out", named) }

func (h *fakeHost) Temp() (string, error) { return h.t.TempDir(), nil }

func (h *fakeHost) Again() string { return "again" }

// example returns a host with a clean repository of examples/workspace.
func example(t *testing.T) *fakeHost {
	t.Helper()
	return &fakeHost{t: t, dir: gittest.Repository(t, filepath.Join("..", "..", "examples", "workspace"))}
}

// nothing returns a host whose workspace must not be read.
func nothing(t *testing.T) *fakeHost { return &fakeHost{t: t} }

func text(value string) Secret {
	return func(context.Context) (secret.Text, error) { return secret.New(value), nil }
}

// unread is a secret that must not be read.
func unread(t *testing.T) Secret {
	return func(context.Context) (secret.Text, error) {
		t.Error("a secret is read that is not needed")
		return secret.Text{}, nil
	}
}
