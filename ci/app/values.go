package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/secret"
)

// ErrEmpty is the error of an option that is given but empty. A variable that is empty by accident
// must not count as a missing option: the default of a log's address, say, is the public log.
var ErrEmpty = errors.New("it is empty: expected a value")

// Secret reads a secret when it is needed; nil means that there is none. A function cannot be
// printed, and neither can what it returns.
type Secret func(context.Context) (secret.Text, error)

// read returns the secret, an empty one if there is none.
func (s Secret) read(ctx context.Context) (secret.Text, error) {
	if s == nil {
		return secret.Text{}, nil
	}
	return s(ctx)
}

// File is a file of the caller. The zero value means that there is none.
type File struct {
	Name string // for errors; may be ""
	Read func(context.Context) ([]byte, error)
}

// Given reports whether there is a file.
func (f File) Given() bool { return f.Read != nil }

// read returns the file's content, nil if there is no file; an empty one is an error. what is its name in an error.
func (f File) read(ctx context.Context, what string) ([]byte, error) {
	if !f.Given() {
		return nil, nil
	}
	raw, err := f.Read(ctx)
	if err == nil && len(raw) == 0 {
		err = ErrEmpty
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.about(what), err)
	}
	return raw, nil
}

func (f File) about(what string) string {
	if f.Name == "" {
		return what
	}
	return fmt.Sprintf("%s %q", what, f.Name)
}

// trustedRoot reads the trusted root of a private Sigstore instance.
func (f File) trustedRoot(ctx context.Context) (root.TrustedMaterial, error) {
	const what = "the trusted root"
	raw, err := f.read(ctx, what)
	if err != nil {
		return nil, err
	}
	trusted, err := root.NewTrustedRootFromJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.about(what), err)
	}
	return trusted, nil
}

// Directory is a directory of the caller.
type Directory struct {
	// Name is its path on this machine, or "" if Export writes it to one.
	Name   string
	Export func(ctx context.Context, to string) error
	// Set means that there is one, even if its name is empty: an accidentally empty value must
	// not count as a missing option.
	Set bool
}

// path returns the directory's path on this machine.
func (d Directory) path(ctx context.Context, h Host, what string) (string, error) {
	if d.Export == nil {
		return d.Name, nil
	}
	parent, err := h.Temp()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(parent, "given")
	if err := d.Export(ctx, dir); err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	return dir, nil
}
