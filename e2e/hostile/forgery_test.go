package hostile

import (
	"crypto/sha256"
	"debug/elf"
	bin "encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/sign"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// forgery is a complete release of a crate "app" with arbitrary signing claims. Nothing is
// built: its programs are just headers.
type forgery struct {
	crate, version, commit string
	claims                 sigstack.Claims
}

// honestRelease returns the release of app/v1.0.0 that the release workflow would make for
// a commit.
func honestRelease(commit string) forgery {
	return forgery{crate: "app", version: "1.0.0", commit: commit}
}

// by returns the same release signed by a run with other claims.
func (f forgery) by(claims sigstack.Claims) forgery {
	f.claims = claims
	return f
}

// of returns the same release for another version and commit.
func (f forgery) of(version, commit string) forgery {
	f.version, f.commit = version, commit
	return f
}

// signer returns a signer for the run of the claims, on the release's commit unless they
// name another.
func (f forgery) signer(t testing.TB, s *sigstack.Stack) *sign.Signer {
	t.Helper()
	claims := sigstack.Claims{"sha": f.commit}
	for name, value := range f.claims {
		claims[name] = value
	}
	token, err := s.Token(claims)
	kit.Check(t, err)
	signer, err := sign.New(sign.Options{Token: sign.GivenToken(secret.New(token)), Fulcio: s.FulcioURL, Rekor: s.RekorURL, Root: sigstore.TrustedRoot(t, s)})
	kit.Check(t, err)
	return signer
}

// make writes the release to a new directory.
func (f forgery) make(t testing.TB, s *sigstack.Stack) string {
	t.Helper()
	dir, signer := t.TempDir(), f.signer(t, s)
	some := sha256.Sum256([]byte("anything"))
	in := provenance.Input{
		Subjects:   map[string][sha256.Size]byte{},
		Parameters: provenance.Parameters{Crate: f.crate, Version: f.version, Targets: []string{kit.X8664, kit.AArch64}, Repository: "https://github.com/" + sigstack.Repository, Ref: sigstack.Ref},
		Commit:     f.commit, Toolchain: provenance.Image{Reference: "rust:1.96.0", Digest: fmt.Sprintf("sha256:%x", some)},
		Lock: some, Plan: some, Builder: provenance.Builder{ID: sigstack.Identity},
	}
	sums := map[string][sha256.Size]byte{}
	planned, err := plan.BinaryArtifacts(f.crate, in.Parameters.Targets, []string{f.crate}, []string{plan.SignatureFile, plan.CertificateFile, plan.BundleFile})
	kit.Check(t, err)
	for _, a := range planned {
		file := filepath.Join(dir, a.Name)
		subject := plan.SubjectName(a.Target, f.crate)
		switch a.Kind {
		case plan.Tarball:
			in.Subjects[subject] = f.pack(t, signer, file, a)
		case plan.Checksums:
			kit.Check(t, fillFile(file, func(w io.Writer) error { return dist.WriteSums(w, sums) }))
		case plan.SBOM:
			kit.Write(t, "{}\n", file)
		case plan.Attestation:
			kit.Write(t, f.state(t, signer, map[string]any{
				"_type": provenance.StatementType, "predicateType": a.PredicateType(), "predicate": map[string]any{},
				"subject": []any{map[string]any{"name": f.crate, "digest": map[string]string{"sha256": fmt.Sprintf("%x", in.Subjects[subject])}}},
			}), file)
		}
		in.Subjects[a.Name], err = dist.Digest(file)
		kit.Check(t, err)
		if a.Kind == plan.Tarball {
			sums[a.Name] = in.Subjects[a.Name]
		}
	}
	statement, err := provenance.New(in)
	kit.Check(t, err)
	kit.Write(t, f.state(t, signer, statement), dir, plan.ProvenanceName(f.crate))
	return dir
}

// pack writes the tarball of a target and returns the digest of the program in it.
func (f forgery) pack(t testing.TB, signer *sign.Signer, file string, a plan.Artifact) [sha256.Size]byte {
	t.Helper()
	from := t.TempDir()
	kit.Write(t, emptyProgram(a.Target, f.crate+f.version), from, f.crate)
	sig, err := signer.File(t.Context(), filepath.Join(from, f.crate))
	kit.Check(t, err)
	kit.Write(t, string(sig.Sig), from, f.crate+plan.SignatureFile)
	kit.Write(t, string(sig.Cert), from, f.crate+plan.CertificateFile)
	kit.Write(t, string(sig.Bundle), from, f.crate+plan.BundleFile)
	var entries []dist.Entry
	for _, name := range a.Files {
		entries = append(entries, dist.Entry{
			Name: name, Executable: name == f.crate, Size: int64(len(kit.Read(t, from, name))),
			Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(from, name)) },
		})
	}
	kit.Check(t, fillFile(file, func(w io.Writer) error { return dist.WriteTarball(w, entries) }))
	sum, err := dist.Digest(filepath.Join(from, f.crate))
	kit.Check(t, err)
	return sum
}

// state signs a statement and returns the bundle.
func (f forgery) state(t testing.TB, signer *sign.Signer, statement any) string {
	t.Helper()
	raw, err := json.Marshal(statement)
	kit.Check(t, err)
	bundle, err := signer.Statement(t.Context(), raw)
	kit.Check(t, err)
	return string(bundle)
}

// emptyProgram returns the smallest static program for a target that an ELF reader accepts.
func emptyProgram(target, more string) string {
	machine := elf.EM_X86_64
	if strings.HasPrefix(target, "aarch64") {
		machine = elf.EM_AARCH64
	}
	raw, err := bin.Append(nil, bin.LittleEndian, elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Entry: 1, Ehsize: 64, Phentsize: 56, Shentsize: 64,
	})
	if err != nil {
		panic(err) // the structure has a fixed size
	}
	return string(raw) + more
}

// fillFile creates a file with content from fill.
func fillFile(name string, fill func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		return err
	}
	return f.Close()
}

// twoCommits makes a repository with two commits.
func twoCommits(t testing.TB) (dir, older, newer string) {
	t.Helper()
	dir = t.TempDir()
	kit.Write(t, "one\n", dir, "README")
	kit.InitRepository(t, dir, "main")
	older = kit.Git(t, dir, "rev-parse", "HEAD")
	kit.Git(t, dir, "commit", "--quiet", "--allow-empty", "--message", "two")
	return dir, older, kit.Git(t, dir, "rev-parse", "HEAD")
}
