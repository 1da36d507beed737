package step

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// RunAll runs each step as soon as those that it needs have run, and returns the results by name.
// The first failure cancels the others.
func RunAll(ctx context.Context, steps []Step, run func(context.Context, Step) (Result, error)) (map[string]Result, error) {
	done := map[string]chan struct{}{}
	for _, s := range steps {
		done[s.Name] = make(chan struct{})
	}
	var mu sync.Mutex
	results := map[string]Result{}
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range steps {
		group.Go(func() error {
			for _, need := range s.Needs() {
				ready, ok := done[need]
				if !ok {
					continue // not in steps: it ran before
				}
				select {
				case <-ready:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			if ctx.Err() != nil {
				return context.Cause(ctx) // a need may have completed just before the run was cancelled
			}
			result, err := run(ctx, s)
			if err != nil {
				return err
			}
			mu.Lock()
			results[s.Name] = result
			mu.Unlock()
			close(done[s.Name])
			return nil
		})
	}
	return results, group.Wait()
}

// Needed returns the named steps and everything that they need, in the plan's order.
func Needed(steps []Step, names []string) []Step {
	var list []Step
	names = slices.Clone(names)
	for _, s := range slices.Backward(steps) {
		if slices.Contains(names, s.Name) {
			list = append(list, s)
			names = append(names, s.Needs()...)
		}
	}
	slices.Reverse(list)
	return list
}
