package sigstack

// Token returns an ID token for Audience with the claims of a job of action-build.yml on
// Repository's main branch, changed by overrides; nil removes a claim. See Expired.
func (s *Stack) Token(overrides Claims) (string, error) { return s.issuer.mint(overrides) }

// HandOut changes the claims of later tokens from the token endpoint; nil restores the
// defaults.
func (s *Stack) HandOut(overrides Claims) { s.tokens.set(overrides) }

// TokenRequestURL returns the value of ACTIONS_ID_TOKEN_REQUEST_URL. Like GitHub's it has a
// query, so clients append "&audience=sigstore".
func (s *Stack) TokenRequestURL() string { return s.Tokens.URL + "/token?api-version=2.0" }

// TokenRequestToken returns the value of ACTIONS_ID_TOKEN_REQUEST_TOKEN.
func (s *Stack) TokenRequestToken() string { return s.tokens.bearer }

// ActionsEnv returns the environment, as KEY=VALUE, in which a process gets tokens like a
// GitHub job with the permission "id-token: write".
func (s *Stack) ActionsEnv() []string {
	return []string{
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + s.TokenRequestURL(),
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + s.TokenRequestToken(),
	}
}

// CosignEnv returns the environment, as KEY=VALUE, that points cosign v2 at the stack, for
// signing and verifying. Version 3 needs flags with a signing config and a trusted root
// instead.
func (s *Stack) CosignEnv() []string {
	return []string{
		"SIGSTORE_ROOT_FILE=" + s.FulcioRoot,
		"SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=" + s.CTLogKey,
		"SIGSTORE_REKOR_PUBLIC_KEY=" + s.RekorKey,
		"COSIGN_REKOR_URL=" + s.RekorURL,
		"COSIGN_FULCIO_URL=" + s.FulcioURL,
	}
}
