package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/registry"
)

// Crate performs the effect of publishing one crate.
type Crate struct {
	Registry      *registry.Registry
	Name, Version string
	File          string // the .crate file that was packaged, and compiled
	// Upload has cargo upload it, once.
	Upload func(context.Context) error
}

// crateState is what a registry has of a version, and what was packaged.
type crateState struct {
	there   bool
	yanked  bool
	same    bool     // the same bytes
	differs []string // files that differ, where the bytes do
}

func (s crateState) decide(name string) (Verdict, error) {
	const next = "a published version is never changed: release another one"
	switch {
	case !s.there:
		return Do, nil
	case s.yanked:
		return Done, &Conflict{fmt.Sprintf("the registry has %s, and it was yanked", name), next}
	case s.same || len(s.differs) == 0:
		return Done, nil
	}
	return Done, &Conflict{fmt.Sprintf("the registry has %s with other content: %s differs from what was packaged", name, strings.Join(s.differs[:min(len(s.differs), 5)], ", ")), next}
}

// Effect publishes the crate and waits until the index shows it.
func (c *Crate) Effect(about string) Effect {
	return Effect{
		Kind: "registry", About: about, Patience: 10 * time.Minute,
		Look: func(ctx context.Context) (Verdict, error) {
			s, err := c.look(ctx)
			if err != nil {
				return Do, err
			}
			return s.decide(c.Name + " " + c.Version)
		},
		Act: c.Upload,
	}
}

// look reads the index, and where the bytes differ the published file too: the
// lock file in it follows from when it was packaged.
func (c *Crate) look(ctx context.Context) (crateState, error) {
	versions, err := c.Registry.Versions(ctx, c.Name)
	if err != nil {
		return crateState{}, err
	}
	i := slices.IndexFunc(versions, func(v registry.Version) bool { return withoutBuild(v.Version) == c.Version })
	if i < 0 {
		return crateState{}, nil
	}
	s := crateState{there: true, yanked: versions[i].Yanked}
	ours, err := beneath.ReadFile(c.File, registry.MaxCrate)
	if err != nil {
		return s, fmt.Errorf("reading the packaged crate: %w", err)
	}
	if s.same = versions[i].Checksum == hexSum(ours); s.same || s.yanked {
		return s, nil
	}
	theirs, err := c.Registry.Download(ctx, versions[i])
	if err != nil {
		return s, err
	}
	if got := hexSum(theirs); got != versions[i].Checksum {
		return s, fmt.Errorf("downloading %s %s: it has sha256 %s, the index says %s", c.Name, c.Version, got, versions[i].Checksum)
	}
	s.differs, err = registry.Differences(ours, theirs)
	return s, err
}

// withoutBuild is a version without its build metadata: registries take 1.0.0+a and
// 1.0.0 for one version.
func withoutBuild(version string) string {
	v, _, _ := strings.Cut(version, "+")
	return v
}

func hexSum(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
