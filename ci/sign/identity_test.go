package sign

import (
	"slices"
	"testing"
)

// TestCosignFlags checks that the printed commands expect a workflow's source, and none for a
// person, whose certificate has none.
func TestCosignFlags(t *testing.T) {
	who := Identity{
		Subject: "https://git.example.com/owner/name/.github/workflows/action-build.yml@refs/heads/trunk", Issuer: "https://git.example.com/_services/token",
		Repository: "https://git.example.com/owner/name", Ref: "refs/heads/trunk", Commit: "0123456789abcdef0123456789abcdef01234567", Runner: "github-hosted",
	}
	want := []string{
		"--certificate-identity " + who.Subject, "--certificate-oidc-issuer " + who.Issuer,
		"--certificate-github-workflow-repository owner/name", "--certificate-github-workflow-ref refs/heads/trunk", "--certificate-github-workflow-sha " + who.Commit,
	}
	if got := who.CosignFlags(); !slices.Equal(got, want) {
		t.Errorf("of a workflow the flags are %q, expected %q", got, want)
	}
	person := Identity{Subject: "a@example.com", Issuer: "https://accounts.example.com"}
	if got := person.CosignFlags(); len(got) != 2 {
		t.Errorf("of a person the flags are %q, expected issuer and identity", got)
	}
}
