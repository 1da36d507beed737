package sigstack

import (
	"maps"
	"time"
)

// Issuer is the issuer of GitHub's tokens. It is the issuer of a Stack's tokens and in
// their certificates.
const Issuer = "https://token.actions.githubusercontent.com"

// OtherIssuer is a GitHub Enterprise issuer whose tokens Fulcio accepts too, for
// certificates with the same identities. Set it as the claim iss of a token.
const OtherIssuer = "https://token.actions.evil.ghe.com"

// Audience is the audience of tokens for Sigstore.
const Audience = "sigstore"

// The default run of a Stack's tokens.
const (
	Repository = "containerd/runwasi"
	Ref        = "refs/heads/main"
	// Identity is the certificates' SAN: the reusable workflow at its ref.
	Identity = "https://github.com/" + Repository + "/.github/workflows/action-build.yml@" + Ref
)

// lifetime is the validity of GitHub's tokens.
const lifetime = 5 * time.Minute

// Claims holds the claims of an ID token by name.
type Claims map[string]any

// defaultClaims returns the claims GitHub would give a job of the reusable workflow
// action-build.yml, called from release.yml on main.
func defaultClaims(now time.Time) Claims {
	const sha = "5f1fd5fd7ab1bd0e0b9f0a2c6d5a1c3c2f0b4a11"
	return Claims{
		"iss": Issuer,
		"aud": Audience,
		"sub": "repo:" + Repository + ":ref:" + Ref,
		"iat": now.Unix(),
		"nbf": now.Add(-time.Minute).Unix(),
		"exp": now.Add(lifetime).Unix(),

		"sha": sha, "ref": Ref, "ref_type": "branch", "event_name": "workflow_dispatch", "actor": "maintainer",
		"repository": Repository, "repository_id": "345678901", "repository_visibility": "public",
		"repository_owner": "containerd", "repository_owner_id": "45678901",
		"workflow": "Release", "workflow_sha": sha,
		"workflow_ref":     Repository + "/.github/workflows/release.yml@" + Ref,
		"job_workflow_ref": Repository + "/.github/workflows/action-build.yml@" + Ref, "job_workflow_sha": sha,
		"runner_environment": "github-hosted", "run_id": "1234567890", "run_number": "7", "run_attempt": "1",
	}
}

// with returns c with overrides; nil removes a claim.
func (c Claims) with(overrides Claims) Claims {
	merged := maps.Clone(c)
	maps.Copy(merged, overrides)
	maps.DeleteFunc(merged, func(_ string, v any) bool { return v == nil })
	return merged
}

// Expired returns overrides for a token that expired a minute ago.
func Expired() Claims {
	now := time.Now()
	return Claims{
		"iat": now.Add(-lifetime - time.Minute).Unix(),
		"nbf": now.Add(-lifetime - time.Minute).Unix(),
		"exp": now.Add(-time.Minute).Unix(),
	}
}
