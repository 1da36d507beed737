package verify

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/triple"
)

const (
	commit1 = "0123456789abcdef0123456789abcdef01234567"
	commit2 = "89abcdef0123456789abcdef0123456789abcdef"

	x86Tarball = "app-x86_64-linux-musl.tar.gz"
	armTarball = "app-aarch64-linux-musl.tar.gz"
	signedList = "app.provenance.sigstore.json"
)

// made describes a release signed by a dry run. Apart from the signer it is like a real
// one; signers have their own tests.
type made struct {
	crate, version, commit string
	name                   string // of the binary, "" for the crate's name
	// machines holds the ELF architecture of the binary built for each target.
	machines map[string]elf.Machine
	// state changes the provenance before it is signed.
	state func(*provenance.Input)
}

func good() made {
	return made{
		crate: "app", version: "1.0.0", commit: commit1,
		machines: map[string]elf.Machine{triple.X8664: elf.EM_X86_64, triple.AArch64: elf.EM_AARCH64},
	}
}

// expected is what a verifier of the tag app/v1.0.0 expects.
var expected = Expectation{Crate: "app", Version: "1.0.0", Commit: commit1, DryRun: true}

// write writes the release to a new directory.
func (m made) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	signer, err := sign.DryRun(m.crate + "/v" + m.version)
	fatal(t, err)
	if m.name == "" {
		m.name = m.crate
	}
	in := provenance.Input{
		Subjects:   digests{},
		Parameters: provenance.Parameters{Crate: m.crate, Version: m.version, Targets: []string{triple.X8664, triple.AArch64}},
		Commit:     m.commit, Toolchain: provenance.Image{Reference: "rust:1.96.0", Digest: "sha256:" + strings.Repeat("a", 64)},
		Lock: sha256.Sum256([]byte("lock")), Plan: sha256.Sum256([]byte("plan")), Builder: provenance.Builder{ID: provenance.OwnMachine},
	}
	sums := digests{}
	planned, err := plan.BinaryArtifacts(m.crate, in.Parameters.Targets, []string{m.name}, []string{plan.SignatureFile, plan.CertificateFile, plan.BundleFile})
	fatal(t, err)
	for _, a := range planned {
		file := filepath.Join(dir, a.Name)
		switch a.Kind {
		case plan.Tarball:
			sum := m.pack(t, signer, file, a)
			in.Subjects[plan.SubjectName(a.Target, m.name)] = sum
		case plan.Checksums:
			f, err := os.Create(file)
			fatal(t, err)
			fatal(t, dist.WriteSums(f, sums))
			fatal(t, f.Close())
		case plan.SBOM:
			put(t, dir, a.Name, "{}\n")
		case plan.Attestation:
			sum := in.Subjects[plan.SubjectName(a.Target, m.name)]
			put(t, dir, a.Name, string(signStatement(t, signer, map[string]any{
				"_type": "https://in-toto.io/Statement/v1", "predicateType": a.PredicateType(), "predicate": map[string]any{},
				"subject": []any{map[string]any{"name": m.name, "digest": map[string]string{"sha256": hex.EncodeToString(sum[:])}}},
			})))
		}
		in.Subjects[a.Name], err = dist.Digest(file)
		fatal(t, err)
		if a.Kind == plan.Tarball {
			sums[a.Name] = in.Subjects[a.Name]
		}
	}
	if m.state != nil {
		m.state(&in)
	}
	s, err := provenance.New(in)
	fatal(t, err)
	put(t, dir, plan.ProvenanceName(m.crate), string(signStatement(t, signer, s)))
	return dir
}

// pack writes the tarball of a target and returns the digest of the binary in it.
func (m made) pack(t *testing.T, signer *sign.Signer, file string, a plan.Artifact) [sha256.Size]byte {
	t.Helper()
	from := t.TempDir()
	put(t, from, m.name, program(m.machines[a.Target], m.crate+m.version+a.Target))
	sig, err := signer.File(t.Context(), filepath.Join(from, m.name))
	fatal(t, err)
	put(t, from, m.name+plan.SignatureFile, string(sig.Sig))
	put(t, from, m.name+plan.CertificateFile, string(sig.Cert))
	put(t, from, m.name+plan.BundleFile, string(sig.Bundle))
	var entries []dist.Entry
	for _, name := range a.Files {
		info, err := os.Stat(filepath.Join(from, name))
		fatal(t, err)
		entries = append(entries, dist.Entry{
			Name: name, Executable: name == m.name, Size: info.Size(),
			Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(from, name)) },
		})
	}
	f, err := os.Create(file)
	fatal(t, err)
	fatal(t, dist.WriteTarball(f, entries))
	fatal(t, f.Close())
	sum, err := dist.Digest(filepath.Join(from, m.name))
	fatal(t, err)
	return sum
}

// program returns the smallest static program that an ELF reader accepts: a header,
// followed by more, which makes it unique.
func program(machine elf.Machine, more string) string {
	h := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Entry: 1, Ehsize: 64, Phentsize: 56, Shentsize: 64,
	}
	raw, err := binary.Append(nil, binary.LittleEndian, h)
	if err != nil {
		panic(err) // the structure has a fixed size
	}
	return string(raw) + more
}

func signStatement(t *testing.T, signer *sign.Signer, statement any) []byte {
	t.Helper()
	raw, err := json.Marshal(statement)
	fatal(t, err)
	bundle, err := signer.Statement(t.Context(), raw)
	fatal(t, err)
	return bundle
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestReleaseWhole checks that an intact release is good, and that missing, changed,
// additional or foreign files are bad, each for its own reason.
func TestReleaseWhole(t *testing.T) {
	other := good()
	other.version, other.commit = "0.9.0", commit2
	older := other.write(t)
	tests := map[string]struct {
		release func() made
		change  func(t *testing.T, dir string)
		expect  func(*Expectation)
		want    string // "" if the release is good
	}{
		"as it is":                {},
		"with nothing expected":   {expect: func(e *Expectation) { e.Crate, e.Version, e.Commit = "", "", "" }},
		"with the registry's":     {release: func() made { m := good(); m.state = addCrate; return m }},
		"an older release":        {release: func() made { return other }, want: `externalParameters.version is "0.9.0"; expected "1.0.0": it is for another version`},
		"the older one's tarball": {change: take(older, x86Tarball), want: x86Tarball + ": its sha256 is"},
		"older files, whole":      {change: takeOver(older), want: `externalParameters.version is "0.9.0"`},
		"older files, new list": {change: func(t *testing.T, dir string) {
			list := read(t, dir, signedList)
			takeOver(older)(t, dir)
			put(t, dir, signedList, list)
		}, want: armTarball + ": its sha256 is"},
		"another commit":         {release: func() made { m := good(); m.commit = commit2; return m }, want: fmt.Sprintf("gitCommit is %q; expected %q: it is for another commit, as when a tag was moved", commit2, commit1)},
		"no commit":              {release: func() made { m := good(); m.commit = ""; return m }, want: `it has no resolvedDependencies "source"`},
		"another crate's":        {release: func() made { m := good(); m.crate = "evil"; return m }, want: `app.provenance.sigstore.json: ["evil.provenance.sigstore.json"] exist: expected only this one`},
		"another crate's, named": {release: func() made { m := good(); m.crate, m.name = "evil", "app"; return m }, change: renameAll("evil", "app"), want: `externalParameters.crate is "evil"; expected "app": it is for another crate`},
		"the other architecture's tarball": {change: func(t *testing.T, dir string) {
			put(t, dir, x86Tarball, read(t, dir, armTarball))
		}, want: "it is for EM_AARCH64, expected EM_X86_64"},
		"both architectures swapped": {change: func(t *testing.T, dir string) {
			x86 := read(t, dir, x86Tarball)
			put(t, dir, x86Tarball, read(t, dir, armTarball))
			put(t, dir, armTarball, x86)
		}, want: armTarball + ": its sha256 is"},
		"built for the other architecture": {release: func() made {
			m := good()
			m.machines = map[string]elf.Machine{triple.X8664: elf.EM_AARCH64, triple.AArch64: elf.EM_AARCH64}
			return m
		}, want: "it is for EM_AARCH64, expected EM_X86_64"},
		"nothing":           {change: func(t *testing.T, dir string) { removeAll(t, dir) }, want: signedList + ": it is missing"},
		"no provenance":     {change: lose(signedList), want: signedList + ": it is missing: without the provenance"},
		"one tarball":       {change: lose(armTarball), want: armTarball + ": it is missing: the provenance names it"},
		"no tarball":        {change: lose(armTarball, x86Tarball), want: x86Tarball + ": it is missing"},
		"no checksums":      {change: lose("SHA256SUMS"), want: "SHA256SUMS: it is missing"},
		"other checksums":   {change: func(t *testing.T, dir string) { put(t, dir, "SHA256SUMS", "x\n") }, want: "SHA256SUMS: its sha256 is"},
		"no SBOM":           {change: lose("app-x86_64-linux-musl.cdx.json"), want: "app-x86_64-linux-musl.cdx.json: "},
		"no attestation":    {change: lose("app-x86_64-linux-musl.cdx.sigstore.json"), want: "app-x86_64-linux-musl.cdx.sigstore.json: "},
		"neither of them":   {change: lose("app-x86_64-linux-musl.cdx.json", "app-x86_64-linux-musl.cdx.sigstore.json"), want: "app-x86_64-linux-musl.cdx.sigstore.json: it is missing"},
		"one file more":     {change: func(t *testing.T, dir string) { put(t, dir, "install.sh", "x") }, want: "install.sh: nothing signed names it"},
		"one tarball more":  {change: func(t *testing.T, dir string) { put(t, dir, "evil-x86_64-linux-musl.tar.gz", read(t, dir, x86Tarball)) }, want: "evil-x86_64-linux-musl.tar.gz: nothing signed names it"},
		"an older one more": {change: func(t *testing.T, dir string) { put(t, dir, "old.tar.gz", read(t, older, x86Tarball)) }, want: "old.tar.gz: nothing signed names it"},
		"a second list":     {change: func(t *testing.T, dir string) { put(t, dir, "b.provenance.sigstore.json", read(t, dir, signedList)) }, expect: func(e *Expectation) { e.Crate = "" }, want: "expected only this one, because a release has one crate"},
		"a link":            {change: func(t *testing.T, dir string) { fatal(t, os.Symlink("/etc/passwd", filepath.Join(dir, "l"))) }, want: "l: it is not a regular file"},
		"a list of less":    {release: func() made { m := good(); m.state = forget("SHA256SUMS"); return m }, change: lose("SHA256SUMS"), want: `does not name "SHA256SUMS", which every such release has`},
		"a list without an attestation": {
			release: func() made {
				m := good()
				m.state = forget("app-aarch64-linux-musl.spdx.sigstore.json")
				return m
			},
			change: lose("app-aarch64-linux-musl.spdx.sigstore.json"), want: `does not name "app-aarch64-linux-musl.spdx.sigstore.json"`,
		},
		"a list without a binary": {release: func() made { m := good(); m.state = forget(triple.X8664 + "/app"); return m }, want: `does not name "x86_64-unknown-linux-musl/app"`},
		"a list of more":          {release: func() made { m := good(); m.state = more("install.sh"); return m }, change: func(t *testing.T, dir string) { put(t, dir, "install.sh", "more") }, want: `names "install.sh", which no such release has`},
		"a list of a target more": {release: func() made { m := good(); m.state = more("riscv64/app"); return m }, want: `it names "riscv64/app", but the release is for`},
		"a list of other binaries": {release: func() made {
			m := good()
			m.state = func(in *provenance.Input) { in.Subjects[triple.X8664+"/app"] = sha256.Sum256([]byte("x")) }
			return m
		}, want: "which the provenance does not name for x86_64-unknown-linux-musl"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, e := good(), expected
			if tt.release != nil {
				m = tt.release()
			}
			if tt.expect != nil {
				tt.expect(&e)
			}
			dir := m.write(t)
			if tt.change != nil {
				tt.change(t, dir)
			}
			r := Release(t.Context(), dir, e)
			if tt.want == "" {
				if r.Verdict != Good {
					t.Errorf("it is %s:\n%s", r.Verdict, r.Text())
				}
				return
			}
			if r.Verdict != Bad || !strings.Contains(r.Text(), tt.want) {
				t.Errorf("it is %s, and does not say %q:\n%s", r.Verdict, tt.want, r.Text())
			}
		})
	}
}

// TestReleaseOfTag checks that an empty release is never good, and that a release without
// its tag is refused.
func TestReleaseOfTag(t *testing.T) {
	r, err := release(t.Context(), t.TempDir(), "app/v1.0.0", expected)
	fatal(t, err)
	if r.Verdict != Unknown || !strings.Contains(r.Text(), "slipway reproduce --crate app --version 1.0.0") {
		t.Errorf("an empty release is %s:\n%s", r.Verdict, r.Text())
	}
	gone := expected
	gone.Commit = ""
	r, err = release(t.Context(), good().write(t), "app/v1.0.0", gone)
	fatal(t, err)
	if r.Verdict != Bad || !strings.Contains(r.Text(), "GitHub has no tag of that name") {
		t.Errorf("a release without its tag is %s:\n%s", r.Verdict, r.Text())
	}
	m := good()
	m.state = addCrate
	dir := m.write(t)
	put(t, dir, "app-1.0.0.crate", "crate")
	r, err = release(t.Context(), dir, "app/v1.0.0", expected)
	fatal(t, err)
	if r.Verdict != Bad || !strings.Contains(r.Text(), "only the registry has it") {
		t.Errorf("a release with the registry's file is %s:\n%s", r.Verdict, r.Text())
	}
}

// TestTarballAlone checks the report on a tarball without any other files, and that the
// tarball's name is compared with its contents.
func TestTarballAlone(t *testing.T) {
	dir, alone := good().write(t), t.TempDir()
	take(dir, x86Tarball)(t, alone)
	r := Tarball(t.Context(), filepath.Join(alone, x86Tarball), Expectation{DryRun: true})
	if r.Verdict != Good || !strings.Contains(r.Text(), "no provenance is beside it") {
		t.Errorf("a tarball alone is %s:\n%s", r.Verdict, r.Text())
	}
	put(t, alone, armTarball, read(t, alone, x86Tarball))
	r = Tarball(t.Context(), filepath.Join(alone, armTarball), Expectation{DryRun: true})
	if r.Verdict != Bad || !strings.Contains(r.Text(), "it is for EM_X86_64, expected EM_AARCH64") {
		t.Errorf("a tarball under the name of another is %s:\n%s", r.Verdict, r.Text())
	}
}

func addCrate(in *provenance.Input) { in.Subjects["app-1.0.0.crate"] = sha256.Sum256([]byte("crate")) }

func forget(name string) func(*provenance.Input) {
	return func(in *provenance.Input) { delete(in.Subjects, name) }
}

func more(name string) func(*provenance.Input) {
	return func(in *provenance.Input) { in.Subjects[name] = sha256.Sum256([]byte("more")) }
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	fatal(t, err)
	return string(raw)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	fatal(t, err)
	var list []string
	for _, f := range entries {
		list = append(list, f.Name())
	}
	return list
}

func take(from, name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { put(t, dir, name, read(t, from, name)) }
}

func takeOver(from string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, name := range names(t, from) {
			take(from, name)(t, dir)
		}
	}
}

func lose(list ...string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, name := range list {
			fatal(t, os.Remove(filepath.Join(dir, name)))
		}
	}
}

func removeAll(t *testing.T, dir string) { lose(names(t, dir)...)(t, dir) }

// renameAll renames the files of one crate to those of another, also in SHA256SUMS.
func renameAll(from, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, name := range slices.Clone(names(t, dir)) {
			if after, ok := strings.CutPrefix(name, from); ok {
				fatal(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, to+after)))
			}
		}
		put(t, dir, "SHA256SUMS", strings.ReplaceAll(read(t, dir, "SHA256SUMS"), from, to))
	}
}
