package release

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
)

// notes returns the notes of the GitHub release: the plan's, and the commands that verify these
// assets.
func (c *crate) notes() string {
	var b strings.Builder
	if text := strings.TrimSpace(c.plan.Notes); text != "" {
		b.WriteString(text + "\n")
	}
	if tarballs := c.plan.Tarballs(); len(tarballs) > 0 { // the other targets' commands are alike
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		console.Fprintf(&b, "### Verify\n\n```console\n$ tar -xvf %s\n", tarballs[0].Name)
		for _, name := range tarballs[0].Binaries {
			b.WriteString(c.verifyCommand(name))
		}
		b.WriteString("```\n")
	}
	return b.String()
}

// verifyCommand returns cosign's command that verifies a binary, as in the release document,
// with flags for the source added.
func (c *crate) verifyCommand(name string) string {
	if c.plan.Signing == plan.SignedByKey {
		return fmt.Sprintf("$ cosign verify-blob --key %s%s --signature %s%s %s\n", name, plan.PublicKeyFile, name, plan.SignatureFile, name)
	}
	lines := []string{"cosign verify-blob", "--certificate " + name + plan.CertificateFile, "--signature " + name + plan.SignatureFile}
	return "$ " + strings.Join(slices.Concat(lines, c.dist.Who.CosignFlags(), []string{name}), " \\\n    ") + "\n"
}
