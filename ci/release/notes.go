package release

import (
	"fmt"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
)

// notes are the notes of the release on GitHub: the changelog's section, and the
// commands that verify these very assets.
func (p *publishing) notes() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(p.Plan.Notes) + "\n")
	for _, a := range p.Plan.Artifacts {
		if a.Kind != plan.Tarball {
			continue
		}
		console.Fprintf(&b, "\n### Verify\n\n```console\n$ tar -xvf %s\n", a.Name)
		for _, name := range a.Binaries {
			b.WriteString(p.verifyCommand(name))
		}
		b.WriteString("```\n")
		break // the other targets' are alike
	}
	return b.String()
}

// verifyCommand is cosign's command for a binary, as the release document has it.
func (p *publishing) verifyCommand(name string) string {
	if p.Plan.Signing == plan.SignedByKey {
		return fmt.Sprintf("$ cosign verify-blob --key %s%s --signature %s%s %s\n", name, plan.PublicKeyFile, name, plan.SignatureFile, name)
	}
	return fmt.Sprintf("$ cosign verify-blob \\\n    --certificate %s%s \\\n    --signature %s%s \\\n    --certificate-identity %s \\\n    --certificate-oidc-issuer %s \\\n    %s\n",
		name, plan.CertificateFile, name, plan.SignatureFile, p.who.Subject, p.who.Issuer, name)
}
