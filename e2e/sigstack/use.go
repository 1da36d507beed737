package sigstack

// Token returns an ID token for Audience with the claims of a job of
// action-build.yml on Repository's main branch. Overrides are laid over them; a
// nil value takes a claim away. See Expired.
func (s *Stack) Token(overrides Claims) (string, error) { return s.issuer.mint(overrides) }

// HandOut makes the token endpoint's later tokens differ from the default ones by
// overrides; nil ends that.
func (s *Stack) HandOut(overrides Claims) { s.tokens.set(overrides) }

// TokenRequestURL is the value of ACTIONS_ID_TOKEN_REQUEST_URL. As GitHub's, it has
// a query: clients append "&audience=sigstore".
func (s *Stack) TokenRequestURL() string { return s.Tokens.URL + "/token?api-version=2.0" }

// TokenRequestToken is the value of ACTIONS_ID_TOKEN_REQUEST_TOKEN.
func (s *Stack) TokenRequestToken() string { return s.tokens.bearer }

// ActionsEnv is the environment, as KEY=VALUE, in which a process gets tokens as a
// GitHub job with the permission "id-token: write" does.
func (s *Stack) ActionsEnv() []string {
	return []string{
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + s.TokenRequestURL(),
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + s.TokenRequestToken(),
	}
}

// CosignEnv is the environment, as KEY=VALUE, that points cosign v2's command at
// the stack, for signing and for verifying. Version 3 takes a signing config and a
// trusted root by flags instead.
func (s *Stack) CosignEnv() []string {
	return []string{
		"SIGSTORE_ROOT_FILE=" + s.FulcioRoot,
		"SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=" + s.CTLogKey,
		"SIGSTORE_REKOR_PUBLIC_KEY=" + s.RekorKey,
		"COSIGN_REKOR_URL=" + s.RekorURL,
		"COSIGN_FULCIO_URL=" + s.FulcioURL,
	}
}
