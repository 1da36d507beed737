// Package sbom writes the SBOM of a binary as CycloneDX 1.6 and SPDX 2.3: its crates, as
// resolved by cargo for one target and set of features. It uses no network, clock or files,
// and the same input gives the same bytes.
package sbom

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// format makes cargo print package, licence and repository of each crate.
const format = "{p}\t{l}\t{r}"

// Args returns the command whose output Parse reads: the tree of crates in a binary of the
// crate at manifest. To be accurate it must run where the build ran, with the same
// environment, target and features.
//
// Of cargo-tree(1)'s edges "normal" leaves out build- and dev-dependencies, and features
// that only dev-dependencies enable; "no-proc-macro" leaves out procedural macros with all
// their dependencies. Dependencies for other targets, and optional ones that no feature
// enables, never appear. Repeated crates stay abbreviated, because a full tree grows
// exponentially.
//
// It returns an error if manifest or target is empty: cargo would choose its own manifest,
// and use the host as the target.
func Args(manifest, target string, features []string) ([]string, error) {
	if manifest == "" || target == "" {
		return nil, fmt.Errorf("asking cargo for the crates of manifest %q for target %q: expected both", manifest, target)
	}
	for _, f := range features {
		if f == "" || strings.ContainsAny(f, ", ") {
			return nil, fmt.Errorf("asking cargo for the crates of manifest %q: feature %q: expected one name", manifest, f)
		}
	}
	if target == "all" {
		return nil, errors.New(`asking cargo for the crates of target "all": expected a target triple, a binary has one`)
	}
	args := []string{
		"cargo", "tree", "--manifest-path", manifest, "--locked", "--offline", "--target", target,
		"--edges", "normal,no-proc-macro", "--prefix", "depth", "--charset", "ascii", "--format", format,
	}
	if len(features) > 0 {
		args = append(args, "--features", strings.Join(slices.Sorted(slices.Values(features)), ","))
	}
	return args, nil
}
