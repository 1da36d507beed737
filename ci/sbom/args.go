// Package sbom writes what is in a binary: its crates, as cargo itself resolves
// them for one target and a choice of features, as CycloneDX 1.6 and SPDX 2.3. It
// is pure: no network, no clock, no files. The same input gives the same bytes.
package sbom

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// format is what cargo prints of each crate: package, licence and repository.
const format = "{p}\t{l}\t{r}"

// Args returns the command line whose output Parse reads: the tree of the crates
// in a binary of the crate at manifest. To speak of the binary it must run where
// the build ran, with its environment, target and features.
//
// Of cargo-tree(1)'s edges "normal" leaves out build- and dev-dependencies, and
// the features that dev-dependencies alone would add; "no-proc-macro" leaves out
// what runs in the compiler, with all that it depends on. Dependencies of other
// targets and optional ones that no feature asks for never appear. Repeated crates
// stay abbreviated, since a full tree grows exponentially.
//
// It is an error when manifest or target is empty: cargo would look for one of its
// own, and take the host for the target.
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
