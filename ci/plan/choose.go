package plan

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/toolchain"
)

// The targets of a release, and the one that runs natively.
const (
	X8664   = "x86_64-unknown-linux-musl"
	AArch64 = "aarch64-unknown-linux-musl"
)

// emulators run a target's tests on a machine of another architecture.
var emulators = map[string]string{AArch64: "qemu-aarch64-static"}

// choose settles the targets and the toolchain.
func (p *Plan) choose(w *cargo.Workspace, req Request) error {
	p.Targets = slices.Clone(req.Targets)
	if len(p.Targets) == 0 {
		p.Targets = []string{X8664, AArch64}
	}
	for i, t := range p.Targets {
		if t != X8664 && t != AArch64 {
			return fmt.Errorf("checking target %s: expected %q or %q", quote.Line(t), X8664, AArch64)
		}
		if slices.Contains(p.Targets[:i], t) {
			return fmt.Errorf("checking target %q: it is named twice", t)
		}
	}
	var err error
	p.Toolchain, err = chooseToolchain(w, req.Toolchain)
	return err
}

// chooseToolchain returns the image to build in: the one that the command
// names, else the one of [workspace.metadata.slipway], else slipway's own, made
// from Debian's packages, which has one channel only.
func chooseToolchain(w *cargo.Workspace, named string) (string, error) {
	if named == "" {
		named = w.Settings.Toolchain
	}
	if strings.HasPrefix(named, "-") || strings.ContainsFunc(named, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("checking toolchain %s: expected an image reference", quote.Line(named))
	}
	if named != "" && named != toolchain.Name {
		return named, nil
	}
	if !w.Toolchain.Accepts(toolchain.Channel) {
		return "", fmt.Errorf("checking toolchain: rust-toolchain.toml asks for channel %q, slipway's own image has %s: pass --toolchain with an image that has that channel and the targets, or change the file", w.Toolchain.Channel, toolchain.Channel)
	}
	return toolchain.Reference(), nil
}

// addRemarks says what in the workspace does not count, so that no one is
// surprised by a release that differs from their own machine's build.
func (p *Plan) addRemarks(w *cargo.Workspace) {
	for _, key := range w.Config.Dropped {
		if strings.HasSuffix(key, ".toml") || strings.HasSuffix(key, "/config") {
			p.Remarks = append(p.Remarks, fmt.Sprintf("%s does not count: a release stands at the workspace root", key))
			continue
		}
		p.Remarks = append(p.Remarks, fmt.Sprintf(".cargo/config.toml: %s does not count: it belongs to a developer's machine", key))
	}
	for _, t := range p.Targets {
		if name := w.Cross.ImageName(t) + w.Cross.Dockerfile(t); name != "" {
			p.Remarks = append(p.Remarks, fmt.Sprintf("Cross.toml names %s for %s: cross's images hold no Rust; pass --toolchain with an image that does to build with its libraries", name, t))
		}
	}
	if p.Source.Dirty {
		p.Remarks = append(p.Remarks, "the working tree has uncommitted changes: a dry run builds them, a release refuses them")
	}
	if !p.Publish.Publishable {
		p.Remarks = append(p.Remarks, unpublishedRemark+p.Publish.Reason)
	}
}

const unpublishedRemark = "the crate is not published to a registry: "
