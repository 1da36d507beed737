package provenance

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

// expectation returns what a verifier of the input's statement expects.
func expectation(in Input) Expectation {
	return Expectation{
		Subjects: in.Subjects, BuilderID: in.Builder.ID, Parameters: in.Parameters, Commit: in.Commit, Plan: in.Plan,
	}
}

func TestCheck(t *testing.T) {
	s := statement(t, input())
	if err := Check(s, expectation(input())); err != nil {
		t.Error(err)
	}
	part := expectation(input())
	part.Plan = [sha256.Size]byte{}
	part.Subjects = map[string][sha256.Size]byte{"my-shim-x86_64-linux-musl.tar.gz": sum("tarball of x86_64")}
	if err := Check(s, part); err != nil {
		t.Errorf("one file, and no plan at hand: %v", err)
	}
}

// TestCheckRefuses changes one thing in the statement, and checks that the error is about
// that and nothing else.
func TestCheckRefuses(t *testing.T) {
	const x86, arm = "my-shim-x86_64-linux-musl.tar.gz", "my-shim-aarch64-linux-musl.tar.gz"
	tests := []struct {
		name   string
		change func(*Input)
		fields string // of the mismatches, in order
		want   string
	}{
		{"other bytes", func(in *Input) { in.Subjects[x86] = sum("other") }, `subject "` + x86 + `" sha256`, ""},
		{"no such file", func(in *Input) { delete(in.Subjects, x86) }, `subject "` + x86 + `"`, "it has no subject"},
		{"architectures swapped", func(in *Input) { in.Subjects[x86], in.Subjects[arm] = in.Subjects[arm], in.Subjects[x86] }, `subject "` + arm + `" sha256|subject "` + x86 + `" sha256`, ""},
		{"other builder", func(in *Input) { in.Builder.ID = strings.Replace(builder, "runwasi", "fork", 1) }, "builder.id", `expected "https://github.com/containerd/runwasi/`},
		{"builder at another branch", func(in *Input) { in.Builder.ID = builder + "2" }, "builder.id", ""},
		{"other commit", func(in *Input) { in.Commit = strings.Repeat("1", 40) }, `resolvedDependencies "source" gitCommit`, commit},
		{"no commit", func(in *Input) { in.Commit = "" }, `resolvedDependencies "source"`, "it has no resolvedDependencies"},
		{"other plan", func(in *Input) { in.Plan = sum("other") }, `byproducts "plan.json" sha256`, ""},
		{"other crate", func(in *Input) { in.Parameters.Crate = "other" }, "externalParameters.crate", `the externalParameters.crate is "other"; expected "my-shim"`},
		{"other version", func(in *Input) { in.Parameters.Version = "1.2.2" }, "externalParameters.version", ""},
		{"fewer targets", func(in *Input) { in.Parameters.Targets = in.Parameters.Targets[:1] }, "externalParameters.targets", ""},
		{"a toolchain of the caller's", func(in *Input) { in.Parameters.Toolchain = "x.invalid/rust" }, "externalParameters.toolchain", `is "x.invalid/rust"; expected ""`},
		{"a base of the caller's", func(in *Input) { in.Parameters.ToolchainBase = "x.invalid/debian" }, "externalParameters.toolchainBase", ""},
		{"other repository", func(in *Input) { in.Parameters.Repository += "2" }, `externalParameters.repository|resolvedDependencies "source" uri`, ""},
		{"other branch", func(in *Input) { in.Parameters.Ref += "2" }, `externalParameters.ref|resolvedDependencies "source" uri`, ""},
	}
	for _, tt := range tests {
		in := input()
		tt.change(&in)
		wantMismatch(t, tt.name, Check(statement(t, in), expectation(input())), tt.fields, tt.want)
	}
}

// TestCheckForged checks statements that New would never make.
func TestCheckForged(t *testing.T) {
	tests := []struct {
		name         string
		change       func(*Statement)
		fields, want string
	}{
		{"statement type", func(s *Statement) { s.Type = "" }, "_type", "it has no _type"},
		{"predicate type", func(s *Statement) { s.PredicateType = "https://slsa.dev/provenance/v0.2" }, "predicateType", ""},
		{"build type", func(s *Statement) { s.Predicate.BuildDefinition.BuildType += "0" }, "buildType", ""},
		{"two subjects of a name", func(s *Statement) { s.Subject = append(s.Subject, s.Subject[0]) }, `subject "aarch64-unknown-linux-musl/my-shim-v1"`, "2 resources of that name"},
		{"two sources", func(s *Statement) {
			d := &s.Predicate.BuildDefinition.ResolvedDependencies
			*d = append(*d, Resource{Name: "source", Digest: map[string]string{"gitCommit": strings.Repeat("1", 40)}})
		}, `resolvedDependencies "source"`, "2 resources of that name"},
		{"a digest of another algorithm", func(s *Statement) {
			s.Subject[0].Digest = map[string]string{"md5": s.Subject[0].Digest["sha256"]}
		}, `subject "aarch64-unknown-linux-musl/my-shim-v1" sha256`, "it has no subject"},
		{"the commit as a digest", func(s *Statement) {
			s.Predicate.BuildDefinition.ResolvedDependencies[0].Digest = map[string]string{"sha256": commit}
		}, `resolvedDependencies "source" gitCommit`, ""},
		{"nothing at all", func(s *Statement) { *s = Statement{} }, strings.Join([]string{
			"_type|predicateType|buildType|builder.id",
			`subject "aarch64-unknown-linux-musl/my-shim-v1"|subject "my-shim-aarch64-linux-musl.tar.gz"`,
			`subject "my-shim-x86_64-linux-musl.tar.gz"|subject "x86_64-unknown-linux-musl/my-shim-v1"`,
			"externalParameters.crate|externalParameters.version|externalParameters.targets|externalParameters.repository|externalParameters.ref",
			`resolvedDependencies "source"|byproducts "plan.json"`,
		}, "|"), ""},
	}
	for _, tt := range tests {
		s := statement(t, input())
		tt.change(&s)
		wantMismatch(t, tt.name, Check(s, expectation(input())), tt.fields, tt.want)
	}
}

// wantMismatch checks which fields an error is about, and its text.
func wantMismatch(t *testing.T, name string, err error, fields, want string) {
	t.Helper()
	var got []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			var m *Mismatch
			if !errors.As(e, &m) {
				t.Errorf("%s: %v is no mismatch", name, e)
				continue
			}
			got = append(got, m.Field)
		}
	}
	if strings.Join(got, "|") != fields || fields == "" {
		t.Errorf("%s: error about %q, want %q: %v", name, got, fields, err)
	}
	if err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %q does not say %q", name, err, want)
	}
}

// TestCheckExpectsEnough checks that an incomplete expectation is an error.
func TestCheckExpectsEnough(t *testing.T) {
	s := statement(t, input())
	for name, change := range map[string]func(*Expectation){
		"files":      func(e *Expectation) { e.Subjects = nil },
		"builder":    func(e *Expectation) { e.BuilderID = "" },
		"crate":      func(e *Expectation) { e.Parameters.Crate = "" },
		"version":    func(e *Expectation) { e.Parameters.Version = "" },
		"repository": func(e *Expectation) { e.Parameters.Repository = "" },
		"commit":     func(e *Expectation) { e.Commit = "" },
	} {
		e := expectation(input())
		change(&e)
		err := Check(s, e)
		var m *Mismatch
		if err == nil || errors.As(err, &m) || !strings.Contains(err.Error(), "expected") {
			t.Errorf("without %s: error %v", name, err)
		}
	}
}

func TestParseDigest(t *testing.T) {
	for _, s := range []string{image, image[7:]} {
		if got, err := ParseDigest(s); err != nil || digest(got)["sha256"] != image[7:] {
			t.Errorf("ParseDigest(%q) = %x, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "sha256:", image + "00", image[:len(image)-2], "sha512:" + image[7:], "x" + image[1:]} {
		if got, err := ParseDigest(s); err == nil || got != [sha256.Size]byte{} {
			t.Errorf("ParseDigest(%q) = %x, %v; want an error", s, got, err)
		}
	}
}
