package provenance

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/slipway/ci/golden"
)

func TestGolden(t *testing.T) {
	golden.Compare(t, "release.json", render(t, statement(t, input())))
	golden.Compare(t, "dry-run.json", render(t, statement(t, dryRun())))
}

// TestDocumented checks that docs/provenance.md shows the example exactly as it is made,
// and names the build type.
func TestDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/provenance.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	if !strings.Contains(doc, "\n```json\n"+render(t, statement(t, input()))+"```\n") {
		t.Error("docs/provenance.md does not show the statement of testdata/release.json")
	}
	if strings.Count(doc, BuildType) != 2 {
		t.Errorf("docs/provenance.md names %s %d times; expected once in the text and once in the example", BuildType, strings.Count(doc, BuildType))
	}
}

func TestSameBytes(t *testing.T) {
	a, in := render(t, statement(t, dryRun())), dryRun()
	slices.Reverse(in.Parameters.Targets)
	if b := render(t, statement(t, in)); b != a {
		t.Errorf("the order of the targets changed the statement to\n%s", b)
	}
	if in.Parameters.Targets[0] != "aarch64-unknown-linux-musl" {
		t.Error("the targets of the input were changed")
	}
	if strings.Contains(a, "metadata") || strings.Contains(a, "startedOn") || strings.Contains(a, "gitCommit") {
		t.Errorf("a dry run says when it was, or of which commit:\n%s", a)
	}
}

func TestImage(t *testing.T) {
	const at = "@" + image
	for reference, want := range map[string]string{
		"rust:1.96.0":                            "pkg:oci/rust" + at + "?tag=1.96.0",
		"rust":                                   "pkg:oci/rust" + at,
		"slipway/toolchain:1.96.0-01":            "pkg:oci/toolchain" + at + "?tag=1.96.0-01",
		"ghcr.io/a/B:1" + at:                     "pkg:oci/b" + at + "?repository_url=ghcr.io%2Fa%2FB&tag=1",
		"localhost:5000/a":                       "pkg:oci/a" + at + "?repository_url=localhost:5000%2Fa",
		"localhost/a":                            "pkg:oci/a" + at + "?repository_url=localhost%2Fa",
		"layout" + at:                            "pkg:oci/layout" + at,
		"":                                       "pkg:oci/toolchain" + at,
		"registry.example.com/rust@sha256:other": "pkg:oci/rust" + at + "?repository_url=registry.example.com%2Frust",
	} {
		if got := (Image{Reference: reference, Digest: image}).purl(); got != want {
			t.Errorf("%q: got %s, want %s", reference, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Input)
		want   string
	}{
		{"no subjects", func(in *Input) { in.Subjects = nil }, "there are no subjects"},
		{"a subject without a name", func(in *Input) { in.Subjects[""] = sum("x") }, `subject "" has no name or no digest`},
		{"a subject without a digest", func(in *Input) { in.Subjects["x"] = [32]byte{} }, `subject "x" has no name or no digest`},
		{"no crate", func(in *Input) { in.Parameters.Crate = "" }, `crate "", version "1.2.3", 2 targets: expected all three`},
		{"no version", func(in *Input) { in.Parameters.Version = "" }, "expected all three"},
		{"no targets", func(in *Input) { in.Parameters.Targets = nil }, "0 targets: expected all three"},
		{"no lock file", func(in *Input) { in.Lock = [32]byte{} }, "the digest of Cargo.lock or of the plan is empty"},
		{"no plan", func(in *Input) { in.Plan = [32]byte{} }, "the digest of Cargo.lock or of the plan is empty"},
		{"no builder", func(in *Input) { in.Builder.ID = "" }, `the builder "" is not an absolute URI`},
		{"a builder's name", func(in *Input) { in.Builder.ID = "laptop" }, `the builder "laptop" is not an absolute URI`},
		{"no image", func(in *Input) { in.Toolchain.Digest = "" }, `has digest ""; expected "sha256:" and 64`},
		{"an image by its tag", func(in *Input) { in.Toolchain.Digest = "latest" }, `has digest "latest"`},
		{"a short digest", func(in *Input) { in.Toolchain.Digest = image[:20] }, "expected \"sha256:\" and 64"},
		{"a digest in capitals", func(in *Input) { in.Toolchain.Digest = "sha256:" + strings.ToUpper(image[7:]) }, "expected \"sha256:\" and 64"},
		{"a branch for a commit", func(in *Input) { in.Commit = "main" }, `checking commit "main"`},
		{"a repository without ref", func(in *Input) { in.Parameters.Ref = "" }, "expected both or neither"},
		{"a ref without repository", func(in *Input) { in.Parameters.Repository = "" }, "expected both or neither"},
		{"a short ref", func(in *Input) { in.Parameters.Ref = "main" }, `the ref "main" is not a full ref`},
		{"a path for a repository", func(in *Input) { in.Parameters.Repository = "/src" }, `the repository "/src" is not an absolute URL`},
		{"scp syntax", func(in *Input) { in.Parameters.Repository = "git@x.invalid:a" }, "is not an absolute URL"},
		{"a token", func(in *Input) { in.Parameters.Repository = "https://secret@x.invalid/a" }, "names a user, which may be a token"},
		{"a password", func(in *Input) { in.Parameters.Repository = "ssh://git:secret@x.invalid/a" }, "names a user, which may be a token"},
		{"time runs backwards", func(in *Input) { in.Run.Finished = in.Run.Started.Add(-time.Hour) }, "before it started at 2026-01-02T02:04:05Z"},
	}
	for _, tt := range tests {
		in := input()
		tt.change(&in)
		_, err := New(in)
		if err == nil || !strings.HasPrefix(err.Error(), "making the provenance of crate ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows what may be a token: %v", tt.name, err)
		}
	}
	in := input()
	in.Parameters.Repository = "ssh://git@x.invalid/a"
	if _, err := New(in); err != nil {
		t.Errorf("the user of ssh is no token: %v", err)
	}
}
