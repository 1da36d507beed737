package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/layout"
)

// machine is the [app.Host] of a command.
type machine struct {
	command *cobra.Command
	taken   *checkout.Source
	ends    []func() error
}

var _ app.Host = (*machine)(nil)

func openMachine(c *cobra.Command) (app.Host, func() error) {
	m := &machine{command: c}
	return m, m.close
}

// close removes what was made for the command.
func (m *machine) close() error {
	var errs []error
	for _, end := range slices.Backward(m.ends) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

func (m *machine) Source(ctx context.Context, r app.Root) (_ *checkout.Source, err error) {
	if m.taken != nil {
		return m.taken, nil
	}
	if m.taken, err = checkout.Take(ctx, r.Source, checkout.Options{}); err == nil {
		m.ends = append(m.ends, m.taken.Close)
	}
	return m.taken, err
}

func (m *machine) Files(_ context.Context, dir string) (string, error) { return dir, nil }

// Rust returns what the flags say: the default of one is the environment's.
func (m *machine) Rust(server, channel string) (string, string) { return server, channel }

func (m *machine) ToolchainName(_ context.Context, image string) (string, error) {
	dir, ok := layoutPath(image)
	if !ok {
		return image, nil
	}
	return layout.NameOf(dir)
}

func layoutPath(name string) (string, bool) {
	if name == "" {
		return "", false
	}
	_, err := os.Stat(filepath.Join(name, "oci-layout"))
	return name, err == nil
}

// Registries takes the tokens from the environment variables that cargo uses.
func (m *machine) Registries(context.Context) (credential.Registries, error) {
	return credential.Registries{Lookup: os.Getenv}, nil
}

func (m *machine) Out(named string) string { return named }

func (m *machine) Temp() (string, error) {
	dir, err := os.MkdirTemp("", "slipway-")
	if err != nil {
		return "", fmt.Errorf("making a temporary directory: %w", err)
	}
	m.ends = append(m.ends, func() error { return os.RemoveAll(dir) })
	return dir, nil
}

// Again returns this process's command line, quoted for a shell and without secrets.
func (m *machine) Again() string {
	quoted := shownArguments(os.Args, func(name string) bool {
		f := m.command.Flags().Lookup(name)
		if f == nil {
			return false
		}
		_, ok := f.Value.(secretFlag)
		return ok
	})
	for i, a := range quoted {
		if strings.ContainsAny(a, " \t\n'\"\\$`&|;<>()*?[]#~!{}") || a == "" {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// cacheDir returns the directory for everything that can be made again.
func cacheDir(named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache directory: %w: name one with --cache", err)
	}
	return filepath.Join(base, "slipway"), nil
}
