package staged

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"dagger/slipway/ci/plan"
)

// manifestName is the name of the manifest in a staged directory.
const manifestName = "staged.json"

// Schema identifies the format of the manifest.
const Schema = "slipway.staged/v1"

// manifest records which plan the steps followed, and what can be derived neither from the
// plan nor from a step's output. The latter is only the claim of the job that ran the steps.
type manifest struct {
	Schema  string `json:"schema"`
	Crate   string `json:"crate"`
	Version string `json:"version"`
	Plan    string `json:"plan"` // the plan's digest
	Runner  string `json:"runner"`
	// ToolchainDigest is the digest that a registry had for the plan's toolchain image
	// reference. It is "" if the reference has a digest or the toolchain is slipway's own.
	ToolchainDigest string `json:"toolchainDigest,omitempty"`
	// ToolchainBase is the Debian image that slipway's own toolchain was built from; "" means
	// slipway's default.
	ToolchainBase string `json:"toolchainBase,omitempty"`
	// Cached lists the steps whose results were cached by an earlier run.
	Cached []string `json:"cached,omitempty"`
}

// maxManifest is the size limit of a manifest in bytes, far above what any plan produces.
const maxManifest = 1 << 20

var (
	runnerForm = regexp.MustCompile(`^[a-z]{1,32}$`)
	digestForm = regexp.MustCompile(`^(sha256:[0-9a-f]{64})?$`)
	// baseForm matches an image reference, or a few words that describe one.
	baseForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ./:@_+-]{0,511}$|^$`)
)

// parseManifest reads a manifest and checks it against the plan.
func parseManifest(raw []byte, p *plan.Crate) (manifest, error) {
	var m manifest
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("reading %q: %w", manifestName, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("reading %q: expected one JSON object and nothing after it", manifestName)
	}
	if err := m.check(p); err != nil {
		return m, fmt.Errorf("checking %q: %w", manifestName, err)
	}
	return m, nil
}

func (m manifest) check(p *plan.Crate) error {
	digest, err := plan.Of(p).Digest()
	if err != nil {
		return err
	}
	for _, f := range []struct{ what, got, want string }{
		{"schema", m.Schema, Schema}, {"crate", m.Crate, p.Name}, {"version", m.Version, p.Version}, {"plan", m.Plan, digest},
	} {
		if f.got != f.want {
			return fmt.Errorf("its %s is %q, but here it is %q: the steps ran for something else: run them again on this commit, with the same options", f.what, f.got, f.want)
		}
	}
	for _, f := range []struct {
		what, got string
		form      *regexp.Regexp
	}{
		{"runner", m.Runner, runnerForm}, {"toolchainDigest", m.ToolchainDigest, digestForm}, {"toolchainBase", m.ToolchainBase, baseForm},
	} {
		if !f.form.MatchString(f.got) {
			return fmt.Errorf("its %s is %.80q: expected %s", f.what, f.got, f.form)
		}
	}
	for _, name := range m.Cached {
		if !slices.Contains(names(p), name) {
			return fmt.Errorf("it says that step %.80q was cached: the plan has no such step", name)
		}
	}
	return nil
}
