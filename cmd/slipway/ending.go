package main

import (
	"context"
	"errors"
	"slices"
)

// endings collects the functions to call when a command ends, successfully or not.
type endings struct{ list []func() error }

type endingsKey struct{}

// withEndings returns a context for [atEnd], and a function that calls the collected functions
// in reverse order.
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

// atEnd registers end to be called when the context's command ends.
func atEnd(ctx context.Context, end func() error) {
	if e, ok := ctx.Value(endingsKey{}).(*endings); ok {
		e.list = append(e.list, end)
	}
}
