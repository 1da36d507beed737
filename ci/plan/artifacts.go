package plan

import (
	"slices"

	"dagger/slipway/ci/dist"
)

// Artifact is a file that a release produces.
type Artifact struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // tarball, checksums, crate, sbom, attestation, provenance
	Target string `json:"target,omitempty"`
	// Files are the names in a tarball, sorted. Binaries are those among them that were built;
	// each of the others signs one of them.
	Files    []string `json:"files,omitempty"`
	Binaries []string `json:"binaries,omitempty"`
	// Format is the format of an SBOM: cyclonedx or spdx.
	Format string `json:"format,omitempty"`
}

// HoldsSignatures reports whether the artifact contains signatures of what was built.
func (a Artifact) HoldsSignatures() bool {
	return a.Kind == Tarball || a.Kind == Attestation || a.Kind == Provenance
}

// IsAsset reports whether the artifact is attached to the GitHub release.
func (a Artifact) IsAsset() bool { return a.Kind != CrateFile }

// Tarballs returns the plan's tarballs, one for each target.
func (p *Crate) Tarballs() []Artifact {
	return slices.DeleteFunc(slices.Clone(p.Artifacts), func(a Artifact) bool { return a.Kind != Tarball })
}

// Package returns the .crate file, if the plan has one.
func (p *Crate) Package() (a Artifact, found bool) {
	i := slices.IndexFunc(p.Artifacts, func(a Artifact) bool { return a.Kind == CrateFile })
	if i < 0 {
		return Artifact{}, false
	}
	return p.Artifacts[i], true
}

// Extensions of the files that sign a file, which are next to it in a tarball.
const (
	SignatureFile   = ".sig"           // the signature in base64, as cosign 2 writes it
	CertificateFile = ".pem"           // the PEM certificate in base64, as cosign 2 writes it
	PublicKeyFile   = ".pub"           // the public key in PEM, if a key signs
	BundleFile      = ".sigstore.json" // a Sigstore bundle, for cosign 3
)

// Signatures returns the extensions of the files that sign a file in this plan.
func (p *Crate) Signatures() []string {
	if p.Signing == SignedByKey {
		return []string{PublicKeyFile, SignatureFile, BundleFile}
	}
	return []string{CertificateFile, SignatureFile, BundleFile}
}

// The kinds of artifact.
const (
	Tarball   = "tarball"
	Checksums = "checksums"
	CrateFile = "crate"
	// SBOM lists what is in a binary; Attestation is the same in a signed statement.
	SBOM        = "sbom"
	Attestation = "attestation"
	// Provenance is a signed statement of who built the release from what.
	Provenance = "provenance"
)

// SumsName is the name of the checksum file.
const SumsName = "SHA256SUMS"

// addArtifacts lists the files of the release: those of [BinaryArtifacts] and the provenance for
// a crate with binaries, and the .crate file for one that is packaged.
func (p *Crate) addArtifacts() error {
	var binaries []string
	for _, b := range p.binaries {
		binaries = append(binaries, b.Name)
	}
	var err error
	if p.Artifacts, err = BinaryArtifacts(p.Name, p.Targets, binaries, p.Signatures()); err != nil {
		return err
	}
	if p.Publish.Packaged() {
		p.Artifacts = append(p.Artifacts, Artifact{Name: CrateName(p.Name, p.Version), Kind: CrateFile})
	}
	if len(binaries) > 0 { // last, because it names the others
		p.Artifacts = append(p.Artifacts, Artifact{Name: ProvenanceName(p.Name), Kind: Provenance})
	}
	return nil
}

// BinaryArtifacts returns the files that a crate's release has for its binaries, except the
// provenance, which names them: a tarball for each target, their checksums, and the SBOMs. It is
// empty if there are no binaries. Verification lists the files of a release with the same
// function. signatures are the extensions of the files that sign a binary.
func BinaryArtifacts(crate string, targets, binaries, signatures []string) ([]Artifact, error) {
	if len(binaries) == 0 {
		return nil, nil
	}
	var list []Artifact
	for _, t := range targets {
		name, err := dist.TarballName(crate, t)
		if err != nil {
			return nil, err
		}
		a := Artifact{Name: name, Kind: Tarball, Target: t, Binaries: binaries}
		for _, b := range binaries {
			a.Files = append(a.Files, b)
			for _, ending := range signatures {
				a.Files = append(a.Files, b+ending)
			}
		}
		slices.Sort(a.Files)
		list = append(list, a)
	}
	list = append(list, Artifact{Name: SumsName, Kind: Checksums})
	for _, t := range targets {
		for _, b := range binaries {
			documents, err := SBOMs(b, t)
			if err != nil {
				return nil, err
			}
			list = append(list, documents...)
		}
	}
	return list, nil
}

// CrateName returns the name of a crate version's file in a registry.
func CrateName(crate, version string) string { return crate + "-" + version + ".crate" }

// The formats of SBOMs.
const (
	CycloneDX = "cyclonedx"
	SPDX      = "spdx"
)

var formatEndings = []struct{ format, ending string }{{CycloneDX, ".cdx"}, {SPDX, ".spdx"}}

// PredicateType returns the predicate type of an attestation's statement, as cosign's --type
// expects it; "" for other artifacts.
func (a Artifact) PredicateType() string {
	if a.Kind != Attestation {
		return ""
	}
	return map[string]string{CycloneDX: "https://cyclonedx.org/bom", SPDX: "https://spdx.dev/Document"}[a.Format]
}

// ProvenanceName returns the name of the signed provenance of a crate's release.
func ProvenanceName(crate string) string { return crate + ".provenance" + BundleFile }

// SubjectName returns a binary's name in the provenance, which includes the target because
// binaries of several targets share a name.
func SubjectName(target, binary string) string { return target + "/" + binary }

// SBOMs returns the documents of one binary: in each format the plain document, followed by its
// signed statement.
func SBOMs(binary, target string) ([]Artifact, error) {
	base, err := dist.BinaryName(binary, target)
	if err != nil {
		return nil, err
	}
	var list []Artifact
	for _, f := range formatEndings {
		list = append(list,
			Artifact{Name: base + f.ending + ".json", Kind: SBOM, Target: target, Binaries: []string{binary}, Format: f.format},
			Artifact{Name: base + f.ending + BundleFile, Kind: Attestation, Target: target, Binaries: []string{binary}, Format: f.format})
	}
	return list, nil
}
