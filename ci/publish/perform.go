package publish

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// parallel is how many effects that may run side by side are performed at once.
const parallel = 16

// PerformAll performs effects in order, with consecutive ones that are marked as parallel side by
// side, and stops at the first that fails. outcomes has one for each effect, as [NotBegunOf] returns
// them; those of performed effects are replaced.
func PerformAll(ctx context.Context, effects []Effect, transient Transient, outcomes []Outcome) error {
	for begin := 0; begin < len(effects); {
		end := begin + 1
		for effects[begin].Parallel && end < len(effects) && effects[end].Parallel {
			end++
		}
		group, each := errgroup.WithContext(ctx)
		group.SetLimit(parallel)
		for i := begin; i < end; i++ {
			group.Go(func() (err error) {
				outcomes[i], err = effects[i].Perform(each, transient)
				effects[i].tell(outcomes[i].State + ": " + outcomes[i].About)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		begin = end
	}
	return nil
}

// NotBegunOf returns the outcomes of effects of which none is begun.
func NotBegunOf(effects []Effect) []Outcome {
	list := []Outcome{}
	for _, e := range effects {
		list = append(list, e.outcome(NotBegun))
	}
	return list
}
