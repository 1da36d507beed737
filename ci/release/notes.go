package release

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// notes are the notes of the release on GitHub: the plan's, and the commands that verify
// these very assets.
func (p *publishing) notes() string {
	var b strings.Builder
	if text := strings.TrimSpace(p.Plan.Notes); text != "" {
		b.WriteString(text + "\n")
	}
	for _, a := range p.Plan.Artifacts {
		if a.Kind != plan.Tarball {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		console.Fprintf(&b, "### Verify\n\n```console\n$ tar -xvf %s\n", a.Name)
		for _, name := range a.Binaries {
			b.WriteString(p.verifyCommand(name))
		}
		b.WriteString("```\n")
		break // the other targets' are alike
	}
	return b.String()
}

// verifyCommand is cosign's command for a binary, as the release document has it, with
// what it does not say of the source.
func (p *publishing) verifyCommand(name string) string {
	if p.Plan.Signing == plan.SignedByKey {
		return fmt.Sprintf("$ cosign verify-blob --key %s%s --signature %s%s %s\n", name, plan.PublicKeyFile, name, plan.SignatureFile, name)
	}
	lines := []string{"cosign verify-blob", "--certificate " + name + plan.CertificateFile, "--signature " + name + plan.SignatureFile}
	return "$ " + strings.Join(slices.Concat(lines, expectedFlags(p.who), []string{name}), " \\\n    ") + "\n"
}

// expectedFlags are the flags by which cosign expects who signed and, of a workflow, of
// which repository, on which ref and commit: the identity of a reusable workflow is the
// same in every repository that calls it.
func expectedFlags(who sign.Identity) []string {
	flags := []string{"--certificate-identity " + who.Subject, "--certificate-oidc-issuer " + who.Issuer}
	if !strings.Contains(who.Subject, "/.github/workflows/") {
		return flags
	}
	return append(flags, "--certificate-github-workflow-repository "+repositoryOf(who.Repository),
		"--certificate-github-workflow-ref "+who.Ref, "--certificate-github-workflow-sha "+who.Commit)
}
