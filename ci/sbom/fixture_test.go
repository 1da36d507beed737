package sbom

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/ci/cargo"
)

const (
	example = "../../examples/workspace"
	odd     = "testdata/workspace"
	x8664   = "x86_64-unknown-linux-musl"
	aarch64 = "aarch64-unknown-linux-musl"
	windows = "x86_64-pc-windows-gnu"
)

// recorded lists the recorded outputs of cargo in testdata, with the binary of each.
var recorded = []struct {
	tree, workspace, binary, target string
	source                          Source
}{
	{"shim-demo-x86_64", example, "shim-demo-v1", x8664, runwasi},
	{"fetcher-x86_64", example, "fetcher", x8664, Source{}},
	{"fetcher-aarch64", example, "fetcher", aarch64, Source{}},
	{"fetcher-blake3-x86_64", example, "fetcher", x8664, Source{}},
	{"app-x86_64", odd, "app", x8664, Source{}},
	{"app-extra-x86_64", odd, "app", x8664, runwasi},
	{"app-windows", odd, "app", windows, Source{}},
}

var (
	runwasi = Source{Repository: "https://github.com/containerd/runwasi", Commit: "0123456789abcdef0123456789abcdef01234567"}
	rust    = Rust{Release: "1.95.0", Commit: "59807616e1fa2540724bfbac14d7976d7e4a3860"}
)

// input returns the input for a recorded tree, with a made-up binary.
func input(t testing.TB, tree string) Input {
	t.Helper()
	for _, r := range recorded {
		if r.tree == tree {
			return Input{
				Binary: r.binary, SHA256: sha256.Sum256([]byte(tree)), Target: r.target,
				Graph: parse(t, readTree(t, tree)), Lock: lock(t, r.workspace),
				Source: r.source, Rust: rust, Tool: "0.1.0",
			}
		}
	}
	t.Fatalf("no recorded tree %q", tree)
	return Input{}
}

func readTree(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".tree"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func parse(t testing.TB, output string) Graph {
	t.Helper()
	g, err := Parse(output)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func lock(t testing.TB, workspace string) cargo.Lock {
	t.Helper()
	w, err := cargo.Read(os.DirFS(filepath.FromSlash(workspace)))
	if err != nil {
		t.Fatal(err)
	}
	return w.Lock
}

// write returns the document in both formats.
func write(t testing.TB, in Input) (cycloneDX, spdx string) {
	t.Helper()
	d, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := d.WriteCycloneDX(&a); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteSPDX(&b); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}
