package main

import (
	"context"
	"errors"
	"slices"
)

// endings are what a command does when it ends, whatever it ends with.
type endings struct{ list []func() error }

type endingsKey struct{}

// withEndings returns a context for [atEnd], and what does it all, the last first.
func withEndings(ctx context.Context) (context.Context, func() error) {
	e := &endings{}
	return context.WithValue(ctx, endingsKey{}, e), func() error {
		var errs []error
		for _, end := range slices.Backward(e.list) {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}
}

// atEnd has end called when the command of the context ends.
func atEnd(ctx context.Context, end func() error) {
	if e, ok := ctx.Value(endingsKey{}).(*endings); ok {
		e.list = append(e.list, end)
	}
}
