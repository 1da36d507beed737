package rustdist

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
)

// source is where a channel's packages come from.
type source struct {
	suite string // Debian's suite, for Rust and the libraries that it loads
	musl  string // the suite whose musl is of the version that this Rust's own libraries have
}

var sources = map[string]source{
	"older": {suite: "trixie", musl: "bookworm"},
	"newer": {suite: "sid", musl: "sid"},
}

// Release is what a packed compiler says about itself.
type Release struct {
	Version string // "1.85.1"
	Commit  string // the commit that the compiler was built from, in full
	Date    string // of that commit, "2025-03-15"; also the directory of the release

	// Tools are the versions of packages that have their own, as manifests have them.
	Tools map[string]string
	// CargoCommit is cargo's own commit.
	CargoCommit string
}

// Minor returns the channel of a release's minor version, as in "1.85".
func (r Release) Minor() string { return regexp.MustCompile(`^\d+\.\d+`).FindString(r.Version) }

// of returns the version of a package, as manifests have it.
func (r Release) of(name string) string {
	if own := r.Tools[name]; own != "" {
		return own
	}
	return fmt.Sprintf("%s (%.9s %s)", r.Version, r.Commit, r.Date)
}

func (r Release) commitOf(name string) string {
	if name == "cargo" {
		return r.CargoCommit
	}
	return r.Commit
}

var (
	// field finds a line of `rustc -vV` and `cargo -vV`.
	field = regexp.MustCompile(`(?m)^(release|commit-hash|commit-date): (\S+)$`)
	// toolVersion finds what `clippy-driver -V` and `rustfmt -V` say. Both are of rustc's commit,
	// which Debian's do not repeat.
	toolVersion = regexp.MustCompile(`^\w+ (\d+\.\d+\.\d+)`)
)

// askRelease runs the programs in a prefix.
func askRelease(ctx context.Context, prefix string) (Release, error) {
	r := Release{Tools: map[string]string{}}
	var err error
	if r.Version, r.Commit, r.Date, err = askFields(ctx, filepath.Join(prefix, "bin/rustc")); err != nil {
		return r, err
	}
	version, commit, date, err := askFields(ctx, filepath.Join(prefix, "bin/cargo"))
	if err != nil {
		return r, err
	}
	// Manifests have the version of cargo's library, whose minor version is one ahead and
	// which no patch release has changed so far.
	var minor int
	if _, err := fmt.Sscanf(version, "1.%d.", &minor); err != nil {
		return r, fmt.Errorf("reading cargo's version %q: %w", version, err)
	}
	r.CargoCommit, r.Tools["cargo"] = commit, fmt.Sprintf("0.%d.0 (%.9s %s)", minor+1, commit, date)
	for name, program := range map[string]string{"clippy-preview": "clippy-driver", "rustfmt-preview": "rustfmt"} {
		said, err := exec.CommandContext(ctx, filepath.Join(prefix, "bin", program), "-V").CombinedOutput()
		m := toolVersion.FindStringSubmatch(string(said))
		if err != nil || m == nil {
			return r, fmt.Errorf("asking the packed %s for its version: it says %q (%v)", program, said, err)
		}
		r.Tools[name] = fmt.Sprintf("%s (%.9s %s)", m[1], r.Commit, r.Date)
	}
	return r, nil
}

// askFields returns the version, commit and date that rustc or cargo says it is of.
func askFields(ctx context.Context, program string) (version, commit, date string, err error) {
	said, err := exec.CommandContext(ctx, program, "-vV").CombinedOutput()
	if err != nil {
		return "", "", "", fmt.Errorf("asking %q for its version: %w\n%s", program, err, said)
	}
	found := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(string(said), -1) {
		found[m[1]] = m[2]
	}
	version, commit, date = found["release"], found["commit-hash"], found["commit-date"]
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) || len(commit) != 40 || len(date) != 10 {
		return "", "", "", fmt.Errorf("%s -vV names no stable release with a commit and a date:\n%s", program, said)
	}
	return version, commit, date, nil
}
