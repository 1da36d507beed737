package verify

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/triple"
)

const tarballEnding = ".tar.gz"

// splitTarball returns the crate and the target named by a tarball (see dist.TarballName), ""
// if its name has another form.
func splitTarball(name string) (crate, target string) {
	base, isTarball := strings.CutSuffix(filepath.Base(name), tarballEnding)
	if !isTarball {
		return "", ""
	}
	crate, t, _ := triple.Split(base)
	return crate, t.Triple
}

// documents verifies the SBOMs of a tarball's binaries that are in the same directory.
// Missing ones are not an error: someone may have downloaded the tarball alone.
func (r *Report) documents(ctx context.Context, dir, target string, binaries digests, e Expectation) {
	for _, name := range slices.Sorted(maps.Keys(binaries)) {
		list, err := plan.SBOMs(name, target)
		if err != nil {
			r.bad(name, err)
			return
		}
		for pair := range slices.Chunk(list, 2) {
			if exists(dir, pair[0].Name) || exists(dir, pair[1].Name) {
				r.sbom(ctx, dir, pair[0], pair[1], binaries[name], e)
			}
		}
	}
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}
