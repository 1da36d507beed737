package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// Owners returns the crate's owners as listed by cargo.
func Owners(ctx context.Context, b *build.Crate) ([]string, error) {
	result, err := b.Run(ctx, b.Plan.Publish.Step(plan.StepOwners))
	if err != nil {
		return nil, fmt.Errorf("asking for the owners of crate %q: %w", b.Plan.Name, err)
	}
	return readOwners(result.Stdout), nil
}

// readOwners parses the output of `cargo owner --list`, which has a line "login (Name)" per
// owner.
func readOwners(stdout string) []string {
	var owners []string
	for line := range strings.Lines(stdout) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
			owners = append(owners, name)
		}
	}
	return owners
}

// OwnerEffect returns the effect that invites actor, who releases, to be an owner; "" invites
// nobody. It does not look for the invitation afterwards, because crates.io shows one to the
// invited user only.
func OwnerEffect(b *build.Crate, about, actor string) Effect {
	invited := actor == ""
	return Effect{
		Kind: plan.EffectOwner, About: about,
		Look: func(ctx context.Context) (Verdict, error) {
			if invited {
				return Done, nil
			}
			owners, err := Owners(ctx, b)
			if err != nil || !slices.Contains(owners, actor) {
				return Do, err
			}
			return Done, nil
		},
		Act: func(ctx context.Context) error {
			_, err := b.Run(ctx, b.Plan.Publish.Invite(actor))
			var exit *step.ExitError
			if errors.As(err, &exit) && strings.Contains(exit.Tail, "already") { // already an owner, or invited
				err = nil
			}
			invited = err == nil
			return readUpload(err)
		},
	}
}
