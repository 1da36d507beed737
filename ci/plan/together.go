package plan

import (
	"slices"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/step"
)

// Releases of Rust whose cargo packages crates that depend on each other: by itself, and behind an
// unstable option (cargo's changelog, 1.90 and 1.83).
var (
	packsTogether   = semver.MustParse("1.90.0")
	packsOnlyAsTold = semver.MustParse("1.83.0")
)

// together makes the steps that package several crates work with an older cargo, whose option for
// it is unstable: RUSTC_BOOTSTRAP allows that. Nothing that is compiled then is released.
func (b *builder) together(steps []step.Step, crates int) {
	release, err := semver.StrictNewVersion(b.plan.Rust.Channel)
	if crates < 2 || err != nil || !release.LessThan(packsTogether) || release.LessThan(packsOnlyAsTold) {
		return
	}
	for i := range steps {
		s := &steps[i]
		at := slices.Index(s.Args, "package")
		if at < 0 {
			continue
		}
		s.Args = slices.Insert(slices.Clone(s.Args), at+1, "-Zpackage-workspace")
		s.Env = append(slices.Clone(s.Env), "RUSTC_BOOTSTRAP=1")
		slices.Sort(s.Env)
	}
}
