package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
)

type digests = map[string][sha256.Size]byte

// manifest lists all files of a crate's release, as named by its signed provenance. It
// shows which files are missing.
type manifest struct {
	crate, version, commit string

	targets  []string
	files    digests            // files of the release by name, without the provenance itself
	binaries map[string]digests // files in each target's tarball, by name
}

// newManifest reads the list from a statement. It returns an error if the list is
// ambiguous.
func newManifest(crate string, s provenance.Statement) (*manifest, error) {
	said := s.Predicate.BuildDefinition.ExternalParameters
	m := &manifest{crate: crate, version: said.Version, commit: provenance.Commit(s), targets: said.Targets, files: digests{}, binaries: map[string]digests{}}
	for _, t := range said.Targets {
		m.binaries[t] = digests{}
	}
	for _, subject := range s.Subject {
		sum, err := provenance.ParseDigest(subject.Digest["sha256"])
		if err != nil {
			return nil, err
		}
		into, name := m.files, subject.Name
		if target, binary, ok := strings.Cut(subject.Name, "/"); ok {
			into, name = m.binaries[target], binary
		}
		if into == nil {
			return nil, fmt.Errorf("reading the provenance: it names %q, but the release is for %s", subject.Name, strings.Join(said.Targets, " and "))
		}
		if _, twice := into[name]; twice {
			return nil, fmt.Errorf("reading the provenance: it names %q twice", subject.Name)
		}
		into[name] = sum
	}
	return m, nil
}

// checkComplete returns an error unless the list has exactly the files that the plan of
// such a release has, given its crate, targets and binaries. Only the registry's .crate
// file is optional.
func (m *manifest) checkComplete() error {
	names := map[string]bool{}
	for _, of := range m.binaries {
		for name := range of {
			names[name] = true
		}
	}
	binaries := slices.Sorted(maps.Keys(names))
	planned, err := plan.BinaryArtifacts(m.crate, m.targets, binaries, nil)
	if err != nil {
		return err
	}
	if len(planned) == 0 {
		return errors.New("the provenance names no binary, but only a release with binaries has provenance")
	}
	wanted := map[string]bool{plan.CrateName(m.crate, m.version): true}
	var wrong []error
	want := func(there bool, name string) {
		if !there {
			wrong = append(wrong, fmt.Errorf("the provenance does not name %q, which every such release has: its list is incomplete, so a missing file would go unnoticed", name))
		}
	}
	for _, a := range planned {
		wanted[a.Name] = true
		_, there := m.files[a.Name]
		want(there, a.Name)
		for _, binary := range a.Binaries {
			_, there := m.binaries[a.Target][binary]
			want(there, plan.SubjectName(a.Target, binary))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		if !wanted[name] {
			wrong = append(wrong, fmt.Errorf("the provenance names %q, which no such release has", name))
		}
	}
	return errors.Join(wrong...)
}

// assets returns the sorted names of the files that must be present: all but the registry's
// .crate file.
func (m *manifest) assets() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.files)), func(name string) bool { return name == plan.CrateName(m.crate, m.version) })
}

// has reports whether a file has the digest that the list names.
func (r *Report) has(m *manifest, file string) bool {
	base := filepath.Base(file)
	sum, err := digest(file)
	if err != nil {
		r.unknown(base, err)
		return false
	}
	want, named := m.files[base]
	switch {
	case !named:
		r.bad(base, errors.New("nothing signed names it: it does not belong to this release"))
	case want != sum:
		r.bad(base, fmt.Errorf("its sha256 is %x, the provenance says %s: it is not the file that was released", sum, hex.EncodeToString(want[:])))
	default:
		return true
	}
	return false
}

// holds compares the binaries in a tarball with those that the list names for its target.
func (r *Report) holds(m *manifest, tarball, target string, binaries digests) {
	for _, name := range slices.Sorted(maps.Keys(binaries)) {
		if want, named := m.binaries[target][name]; !named || want != binaries[name] {
			r.bad(tarball, fmt.Errorf("it holds %q with sha256 %x, which the provenance does not name for %s", name, binaries[name], target))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.binaries[target])) {
		if _, there := binaries[name]; !there {
			r.bad(tarball, fmt.Errorf("it does not hold %q, which the provenance names for %s", name, target))
		}
	}
}
