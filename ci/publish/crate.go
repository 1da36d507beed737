package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/registry"
)

// Crate publishes one crate to a registry.
type Crate struct {
	Registry      *registry.Registry
	Name, Version string
	File          string // the .crate file, packaged and compiled
	// Upload makes one attempt to upload the crate with cargo.
	Upload func(context.Context) error
}

// crateState is what a registry holds of a version, compared with the packaged crate.
type crateState struct {
	there   bool
	version string // as listed in the index, with its build metadata
	yanked  bool
	same    bool     // byte for byte
	differs []string // files whose content differs, if the bytes do
}

func (s crateState) decide(name, version string) (Verdict, error) {
	const next = "a published version is never changed: release another one"
	switch name := name + " " + version; {
	case !s.there:
		return Do, nil
	case s.version != version:
		return Done, OtherBuild(name, s.version)
	case s.yanked:
		return Done, &Conflict{fmt.Sprintf("the registry has %s, but it was yanked", name), next}
	case s.same || len(s.differs) == 0:
		return Done, nil
	}
	return Done, &Conflict{fmt.Sprintf("the registry has %s with different content: %s differs from what was packaged", name, strings.Join(s.differs[:min(len(s.differs), 5)], ", ")), next}
}

// Effect returns the effect that publishes the crate and waits until the index lists it.
func (c *Crate) Effect(about string) Effect {
	return Effect{
		Kind: plan.EffectRegistry, About: about, Patience: 10 * time.Minute,
		Look: func(ctx context.Context) (Verdict, error) {
			s, err := c.look(ctx)
			if err != nil {
				return Do, err
			}
			return s.decide(c.Name, c.Version)
		},
		Act: c.Upload,
	}
}

// look reads the index and, if the checksum differs, compares the content of the published
// crate: the Cargo.lock in it depends on when the crate was packaged.
func (c *Crate) look(ctx context.Context) (crateState, error) {
	versions, err := c.Registry.Versions(ctx, c.Name)
	if err != nil {
		return crateState{}, err
	}
	found, there := registry.Find(versions, c.Version)
	s := crateState{there: there, version: found.Version, yanked: found.Yanked}
	if !there || found.Version != c.Version {
		return s, nil
	}
	ours, err := beneath.ReadFile(c.File, registry.MaxCrate)
	if err != nil {
		return s, fmt.Errorf("reading the packaged crate: %w", err)
	}
	if s.same = found.Checksum == hexSum(ours); s.same || s.yanked {
		return s, nil
	}
	theirs, err := c.Registry.Download(ctx, found)
	if err != nil {
		return s, err
	}
	if got := hexSum(theirs); got != found.Checksum {
		return s, fmt.Errorf("downloading %s %s: it has sha256 %s, the index says %s", c.Name, c.Version, got, found.Checksum)
	}
	s.differs, err = registry.Differences(ours, theirs)
	return s, err
}

// OtherBuild returns the conflict of a crate version, given as "crate 1.0.0+a", with one in
// the registry that differs only in build metadata.
func OtherBuild(name, has string) *Conflict {
	return &Conflict{fmt.Sprintf("the registry has version %s, which it treats as %s: build metadata is ignored", has, name), "release a version with different numbers or another prerelease"}
}

func hexSum(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
