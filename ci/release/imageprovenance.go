package release

import (
	"context"
	"crypto/sha256"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
)

// provenance returns the statement of who built an image from what.
func (p *imagePublishing) provenance(ctx context.Context, m *madeImage) ([]byte, error) {
	of := &Release{Workspace: p.Workspace, Plan: &plan.Plan{Source: p.Plan.Source, Toolchain: p.Plan.Toolchain}}
	if m.Crate != "" && p.Given == "" {
		of = p.build(m.Crate)
	}
	of.Plan.Crate = m.Crate
	of.who, of.begin, of.Signer = p.who, p.begin, p.Signer
	in, err := of.provenance(ctx, m.File == "")
	if err != nil {
		return nil, err
	}
	in.Parameters.Image, in.Parameters.File, in.Parameters.Version, in.Parameters.Targets = m.Name, m.File, p.Plan.Version, m.Targets
	raw, err := p.Plan.JSON()
	if err != nil {
		return nil, err
	}
	in.Plan = sha256.Sum256(raw)
	if in.Subjects, err = m.subjects(); err != nil {
		return nil, err
	}
	s, err := provenance.New(in)
	if err != nil {
		return nil, err
	}
	return s.JSON()
}

// subjects returns the digests of an image's manifests: of the one that a tag points to and, if
// that is an index, of each target's.
func (m *madeImage) subjects() (map[string][sha256.Size]byte, error) {
	sum, err := provenance.ParseDigest(m.digest.String())
	if err != nil {
		return nil, err
	}
	subjects := map[string][sha256.Size]byte{m.Name: sum}
	for _, p := range m.parts {
		if p.digest == m.digest {
			continue
		}
		if subjects[plan.SubjectName(p.target, m.Name)], err = provenance.ParseDigest(p.digest.String()); err != nil {
			return nil, err
		}
	}
	return subjects, nil
}
