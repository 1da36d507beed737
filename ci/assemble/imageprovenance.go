package assemble

import (
	"context"
	"crypto/sha256"
	"time"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sign"
)

// Provenance returns the statement of who made an image from what, in a run that began at a time.
func (r *Images) Provenance(ctx context.Context, m *Image, who sign.Identity, began time.Time) ([]byte, error) {
	o, err := r.origin(m)
	if err != nil {
		return nil, err
	}
	o.Who, o.Began = who, began
	in, err := o.Input(ctx)
	if err != nil {
		return nil, err
	}
	if in.Subjects, err = m.subjects(); err != nil {
		return nil, err
	}
	s, err := provenance.New(in)
	if err != nil {
		return nil, err
	}
	return s.JSON()
}

// origin returns where an image comes from: a crate that was built, or a file of the workspace.
func (r *Images) origin(m *Image) (o Origin, err error) {
	switch {
	case m.File != "" || len(r.Crates) == 0:
		o = Origin{Source: r.Plan.Source, Lock: r.Workspace.Lock.SHA256}
		o.Parameters.Directory = r.Plan.Source.Directory
		if m.File == "" { // built by an earlier run
			o.Toolchain, o.Parameters.Crate = r.Plan.Toolchain, m.Crate
		}
	default:
		if o, err = r.crate(m.Crate).Origin(); err != nil {
			return o, err
		}
	}
	raw, err := r.Plan.JSON()
	o.Plan = sha256.Sum256(raw)
	o.Parameters.Image, o.Parameters.File, o.Parameters.Version, o.Parameters.Targets = m.Name, m.File, r.Plan.Version, m.Targets
	return o, err
}

// subjects returns the digests of an image's manifests: of the one that a tag points to and, if
// that is an index, of each target's.
func (m *Image) subjects() (map[string][sha256.Size]byte, error) {
	sum, err := provenance.ParseDigest(m.Digest.String())
	if err != nil {
		return nil, err
	}
	subjects := map[string][sha256.Size]byte{m.Name: sum}
	for _, p := range m.parts {
		if p.digest == m.Digest {
			continue
		}
		if subjects[plan.SubjectName(p.target, m.Name)], err = provenance.ParseDigest(p.digest.String()); err != nil {
			return nil, err
		}
	}
	return subjects, nil
}
