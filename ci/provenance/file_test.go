package provenance

import (
	"crypto/sha256"
	"strings"
	"testing"
)

// fileImage returns the input for an image that contains a file of the source.
func fileImage() Input {
	in := input()
	in.Subjects = map[string][sha256.Size]byte{"demo-http": sum("manifest")}
	in.Parameters.Crate, in.Parameters.Image, in.Parameters.File, in.Parameters.Targets = "", "demo-http", "hello.wasm", []string{"wasm32-wasip1"}
	in.Toolchain = Image{}
	return in
}

// TestFile checks that the provenance of such an image names only the source as a
// dependency.
func TestFile(t *testing.T) {
	s, err := New(fileImage())
	if err != nil {
		t.Fatal(err)
	}
	deps := s.Predicate.BuildDefinition.ResolvedDependencies
	if len(deps) != 1 || deps[0].Digest["gitCommit"] != commit {
		t.Errorf("it was made from %+v, expected the commit alone", deps)
	}
	want := Expectation{Subjects: fileImage().Subjects, BuilderID: builder, Parameters: fileImage().Parameters, Commit: commit}
	if err := Check(s, want); err != nil {
		t.Error(err)
	}
	want.Parameters.File = "other.wasm"
	if err := Check(s, want); err == nil || !strings.Contains(err.Error(), "externalParameters.file") {
		t.Errorf("another file passes: %v", err)
	}
}

func TestFileRefuses(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"and a crate": func(in *Input) { in.Parameters.Crate = "demo" },
		"no image":    func(in *Input) { in.Parameters.Image = "" },
	} {
		in := fileImage()
		change(&in)
		if _, err := New(in); err == nil || !strings.Contains(err.Error(), "expected a file in an image, and no crate") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
