package provenance

import (
	"crypto/sha256"
	"testing"
	"time"
)

const (
	commit  = "0123456789abcdef0123456789abcdef01234567"
	image   = "sha256:a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"
	builder = "https://github.com/containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main"
)

// input returns the input for a release.
func input() Input {
	return Input{
		Subjects: map[string][sha256.Size]byte{
			"my-shim-x86_64-linux-musl.tar.gz":      sum("tarball of x86_64"),
			"my-shim-aarch64-linux-musl.tar.gz":     sum("tarball of aarch64"),
			"x86_64-unknown-linux-musl/my-shim-v1":  sum("binary of x86_64"),
			"aarch64-unknown-linux-musl/my-shim-v1": sum("binary of aarch64"),
		},
		Parameters: Parameters{
			Crate: "my-shim", Version: "1.2.3", Targets: []string{"x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"},
			Repository: "https://github.com/containerd/runwasi", Ref: "refs/heads/main",
		},
		Commit: commit, Toolchain: Image{Reference: "ghcr.io/cross-rs/x86_64-unknown-linux-musl:0.2.5", Digest: image},
		Lock: sum("Cargo.lock"), Plan: sum("plan"), Rust: "1.96.0",
		Builder: Builder{ID: builder, Version: map[string]string{"slipway": "0.1.0", "dagger": "v0.21.8"}},
		Run: Run{
			ID:      "https://github.com/containerd/runwasi/actions/runs/1/attempts/1",
			Started: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)), Finished: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
	}
}

// dryRun returns the input for a dry run on a laptop, in a directory that is not a
// repository.
func dryRun() Input {
	in := input()
	in.Commit, in.Parameters.Repository, in.Parameters.Ref = "", "", ""
	in.Toolchain.Reference, in.Toolchain.Recipe = "slipway/toolchain:1.96.0-0123456789ab", true
	in.Builder = Builder{ID: OwnMachine, Version: map[string]string{"slipway": "0.1.0"}}
	in.Run = Run{}
	return in
}

func sum(s string) [sha256.Size]byte { return sha256.Sum256([]byte(s)) }

func statement(t testing.TB, in Input) Statement {
	t.Helper()
	s, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func render(t testing.TB, s Statement) string {
	t.Helper()
	raw, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
