package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/secret"
)

// nameList is a flag that lists names. Like the other flags it rejects an empty value: see
// [app.ErrEmpty].
type nameList struct {
	names *[]string
	comma bool // one flag may have several, separated by commas
}

var _ pflag.Value = nameList{}

func (l nameList) Set(value string) error {
	names := []string{value}
	if l.comma {
		names = strings.Split(value, ",")
	}
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); names[i] == "" {
			return app.ErrEmpty
		}
	}
	*l.names = append(*l.names, names...)
	return nil
}

func (l nameList) String() string {
	if l.names == nil {
		return ""
	}
	return strings.Join(*l.names, ",")
}

func (l nameList) Type() string { return "strings" }

// secretFlag is a flag for a secret, whose value is never shown.
type secretFlag struct{ to *app.Secret }

var _ pflag.Value = secretFlag{}

func (s secretFlag) Set(value string) error {
	if value == "" {
		return app.ErrEmpty
	}
	*s.to = func(context.Context) (secret.Text, error) { return secret.New(value), nil }
	flagSecrets.add(value)
	return nil
}

func (s secretFlag) String() string { return "" }

func (s secretFlag) Type() string { return "string" }

// fileFlag is a flag for a file, which is read when it is needed.
type fileFlag struct{ to *app.File }

func (f fileFlag) Set(name string) error {
	if name == "" {
		return app.ErrEmpty
	}
	*f.to = app.File{Name: name, Read: func(ctx context.Context) ([]byte, error) { return readArgumentFile(ctx, name) }}
	return nil
}

func (f fileFlag) String() string { return shownValue(f.to, func(f app.File) string { return f.Name }) }

func (f fileFlag) Type() string { return "string" }

// directoryFlag is a flag for a directory.
type directoryFlag struct{ to *app.Directory }

func (d directoryFlag) Set(name string) error {
	if name == "" {
		return app.ErrEmpty
	}
	*d.to = app.Directory{Name: name, Set: true}
	return nil
}

func (d directoryFlag) String() string {
	return shownValue(d.to, func(d app.Directory) string { return d.Name })
}

func (d directoryFlag) Type() string { return "string" }

// textFlag is a flag for a text.
type textFlag struct{ to *string }

func (t textFlag) Set(value string) error {
	if value == "" {
		return app.ErrEmpty
	}
	*t.to = value
	return nil
}

func (t textFlag) String() string { return shownValue(t.to, func(text string) string { return text }) }

func (t textFlag) Type() string { return "string" }

// shownValue returns the text of a flag's value, "" for the zero flag that pflag makes.
func shownValue[T any](value *T, text func(T) string) string {
	if value == nil {
		return ""
	}
	return text(*value)
}

// maxArgumentFile is the size limit in bytes of a file named by a flag: a key or a trusted root.
const maxArgumentFile = 16 << 20

// readArgumentFile reads a file named by the caller. Unlike a workspace's file it may be a pipe
// (/dev/fd/63), from which nothing might ever come, so it returns when ctx ends.
func readArgumentFile(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		raw []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		if err != nil {
			done <- result{nil, err}
			return
		}
		defer f.Close()
		raw, err := io.ReadAll(io.LimitReader(f, maxArgumentFile+1))
		if err == nil && len(raw) > maxArgumentFile {
			err = fmt.Errorf("%q has more than %d bytes", name, maxArgumentFile)
		}
		done <- result{raw, err}
	}()
	select {
	case r := <-done:
		return r.raw, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
