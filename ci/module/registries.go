package module

import (
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// RegistryToken is the token of a named registry. It is only sent to the registry at Index.
type RegistryToken struct {
	Registry, Index string
	Token           credential.Text
}

// registries returns the tokens that the caller has passed, under the names that cargo uses for
// them.
func (s *Session) registries() credential.Registries {
	variables := map[string]credential.Text{credential.Variable(""): credential.NewText(s.in.RegistryToken)}
	for _, r := range s.in.Registries {
		variables[credential.Variable(r.Registry)] = r.Token
		variables[credential.IndexVariable(r.Registry)] = credential.NewText(r.Index)
	}
	return credential.Registries{
		Lookup: func(name string) string { return variables[name].Reveal() },
		How: func(name string) string {
			if name == credential.Variable("") {
				return "--registry-token"
			}
			return "`with-registry-token --registry NAME --token … --index sparse+https://…` before the function's name"
		},
	}
}

// secrets returns the values that the plan's steps may use.
func (s *Session) secrets(p *plan.Plan) step.Secrets {
	token, err := s.registries().For(p.Publish.Registry, p.Publish.Index)
	if err != nil {
		return nil // the release reports the error before it runs anything
	}
	return step.Secrets{plan.SecretRegistryToken: token.Reveal()}
}
