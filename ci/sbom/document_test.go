package sbom

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/golden"
)

func TestGolden(t *testing.T) {
	for _, r := range recorded {
		cycloneDX, spdx := write(t, input(t, r.tree))
		golden.Compare(t, r.tree+".cdx.json", cycloneDX)
		golden.Compare(t, r.tree+".spdx.json", spdx)
	}
}

// names returns the component names in each document.
func names(t *testing.T, in Input) (cycloneDX, spdx []string) {
	t.Helper()
	a, b := write(t, in)
	var bom struct {
		Metadata   struct{ Component struct{ Name string } }
		Components []struct{ Name string }
	}
	var doc struct{ Packages []struct{ Name string } }
	if err := errors.Join(json.Unmarshal([]byte(a), &bom), json.Unmarshal([]byte(b), &doc)); err != nil {
		t.Fatal(err)
	}
	cycloneDX = append(cycloneDX, bom.Metadata.Component.Name)
	for _, c := range bom.Components {
		cycloneDX = append(cycloneDX, c.Name)
	}
	for _, p := range doc.Packages {
		spdx = append(spdx, p.Name)
	}
	return cycloneDX, spdx
}

// TestContents checks that a document lists what the binary contains, and nothing that is
// only in the lock file: procedural macros and their dependencies, dependencies of build
// scripts and tests, of other targets, and of disabled features.
func TestContents(t *testing.T) {
	for tree, want := range map[string]string{
		"shim-demo-x86_64": "shim-demo-v1 shim-core shimkit rust-std",
		"fetcher-x86_64":   "fetcher block-buffer cfg-if const-oid cpufeatures crypto-common digest hybrid-array itoa memchr serde serde_core serde_json sha2 thiserror typenum zmij rust-std",
		"fetcher-aarch64":  "fetcher block-buffer cfg-if const-oid cpufeatures crypto-common digest hybrid-array itoa libc memchr serde serde_core serde_json sha2 thiserror typenum zmij rust-std",
		"app-x86_64":       "app core-lib leaf-lib left right rust-std",
		"app-extra-x86_64": "app core-lib leaf-lib left option-lib right rust-std",
		"app-windows":      "app core-lib leaf-lib left right windows-lib rust-std",
	} {
		in := input(t, tree)
		cycloneDX, spdx := names(t, in)
		for form, got := range map[string][]string{"CycloneDX": cycloneDX, "SPDX": spdx} {
			if strings.Join(got, " ") != want {
				t.Errorf("%s of %s: %s\nwant %s", form, tree, got, want)
			}
		}
		absent := 0
		for _, p := range in.Lock.Packages {
			if !slices.Contains(strings.Fields(want), p.Name) {
				absent++
			}
		}
		if strings.HasPrefix(tree, "app") && absent < 5 {
			t.Errorf("%s: only %d locked crates are not in the binary, so this shows little", tree, absent)
		}
	}
}

// TestComponent checks the component of a crate of each origin.
func TestComponent(t *testing.T) {
	d, err := New(input(t, "app-extra-x86_64"))
	if err != nil {
		t.Fatal(err)
	}
	const at = "0123456789abcdef0123456789abcdef01234567"
	const rev = "89ee5f4646a868ebe70f411f09ec77ae5c19f61e"
	want := map[string]string{
		"app":      `"Apache-2.0" "" pkg:cargo/app@1.2.3?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fcontainerd%2Frunwasi%40` + at + ` git+https://github.com/containerd/runwasi@` + at,
		"core-lib": `"" "" pkg:cargo/core-lib@0.3.0-rc.1?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fcontainerd%2Frunwasi%40` + at + ` git+https://github.com/containerd/runwasi@` + at,
		"leaf-lib": `"MIT OR Apache-2.0" "" pkg:cargo/leaf-lib@1.2.3?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fcontainerd%2Frunwasi%40` + at + ` git+https://github.com/containerd/runwasi@` + at,
		"left":     `"(MIT OR Apache-2.0) AND Unicode-3.0" "" pkg:cargo/left@0.1.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.com%2Fleft.git%40` + rev + ` git+https://git.example.com/left.git@` + rev,
		"right":    `"MIT" "27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9" pkg:cargo/right@2.0.1?repository_url=https:%2F%2Fregistry.example.com%2Findex%2F `,
		"rust-std": `"MIT OR Apache-2.0" "" pkg:generic/rust-std@1.95.0?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Frust-lang%2Frust%4059807616e1fa2540724bfbac14d7976d7e4a3860 git+https://github.com/rust-lang/rust@59807616e1fa2540724bfbac14d7976d7e4a3860`,
	}
	for i, c := range d.components {
		sum := c.sha256
		if i == 0 {
			sum = "" // that of the binary, not of the crate
		}
		if w, known := want[c.name]; known {
			if got := fmt.Sprintf("%q %q %s %s", c.license, sum, c.purl, c.download); got != w {
				t.Errorf("%s: got %s\nwant %s", c.name, got, w)
			}
			delete(want, c.name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not in the document: %q", slices.Sorted(maps.Keys(want)))
	}
}

// TestSameBytes checks that documents depend on every field of the input and on nothing
// else.
func TestSameBytes(t *testing.T) {
	a, b := write(t, input(t, "app-x86_64"))
	again := input(t, "app-x86_64")
	slices.Reverse(again.Lock.Packages)
	if c, d := write(t, again); c != a || d != b {
		t.Error("the order of the lock file changed the documents")
	}
	for name, change := range map[string]func(*Input){
		"digest":   func(in *Input) { in.SHA256[0]++ },
		"target":   func(in *Input) { in.Target = aarch64 },
		"name":     func(in *Input) { in.Binary = "other" },
		"source":   func(in *Input) { in.Source = runwasi },
		"compiler": func(in *Input) { in.Rust.Commit = "" },
		"tool":     func(in *Input) { in.Tool = "0.2.0" },
		"licence":  func(in *Input) { in.Graph.Crates[1].License = "not an expression" },
		"edges":    func(in *Input) { in.Graph.Deps[1] = nil },
	} {
		in := input(t, "app-x86_64")
		change(&in)
		c, d := write(t, in)
		if serial(t, c) == serial(t, a) || serial(t, d) == serial(t, b) {
			t.Errorf("another %s has the same serial number or namespace", name)
		}
	}
}

// serial returns the document's own UUID.
func serial(t *testing.T, document string) string {
	t.Helper()
	var d struct{ SerialNumber, DocumentNamespace string }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatal(err)
	}
	id := d.SerialNumber + d.DocumentNamespace
	if len(id) != len("urn:uuid:")+36 || id[len("urn:uuid:")+14] != '5' {
		t.Fatalf("serial number %q, namespace %q: expected one URN of a version 5 UUID", d.SerialNumber, d.DocumentNamespace)
	}
	return id
}

func TestWordsOfLicense(t *testing.T) {
	in := input(t, "app-x86_64")
	in.Graph.Crates[1].License = "All rights reserved"
	a, b := write(t, in)
	if !strings.Contains(a, `"name": "All rights reserved"`) {
		t.Error("CycloneDX does not name the licence")
	}
	if !strings.Contains(b, `"licenseComments": "The manifest says: All rights reserved"`) {
		t.Error("SPDX does not keep the manifest's words")
	}
	if strings.Contains(a+b, `"licenseDeclared": "All rights`) || strings.Contains(a, `"expression": "All rights`) {
		t.Error("what is no expression is called one")
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Input)
		want   string
	}{
		{"no name", func(in *Input) { in.Binary = "" }, "it has no name"},
		{"no target", func(in *Input) { in.Target = "" }, "the target is empty"},
		{"no digest", func(in *Input) { in.SHA256 = [32]byte{} }, "the digest is empty"},
		{"no graph", func(in *Input) { in.Graph = Graph{} }, "the graph is empty"},
		{"no edges", func(in *Input) { in.Graph.Deps = nil }, "the graph is empty"},
		{"no compiler", func(in *Input) { in.Rust.Release = "" }, "the compiler's release is empty"},
		{"a compiler's commit", func(in *Input) { in.Rust.Commit = "unknown" }, `the compiler's commit "unknown" is not valid`},
		{"a repository alone", func(in *Input) { in.Source.Repository = "https://x.invalid/a" }, "is incomplete"},
		{"a commit alone", func(in *Input) { in.Source.Commit = runwasi.Commit }, "is incomplete"},
		{"a branch for a commit", func(in *Input) { in.Source = Source{"https://x.invalid/a", "main"} }, "is incomplete"},
		{"a path for a URL", func(in *Input) { in.Source = Source{"../a", runwasi.Commit} }, "is incomplete"},
		{"another lock file", func(in *Input) { in.Lock = lock(t, example) }, `crate "app" 1.2.3 in "Cargo.lock": it is missing`},
		{"another commit", func(in *Input) {
			for i := range in.Graph.Crates {
				in.Graph.Crates[i].Source = strings.Replace(in.Graph.Crates[i].Source, "#89ee5f46", "#00000000", 1)
			}
		}, `crate "left" 0.1.0 in "Cargo.lock": it is missing`},
		{"two of a kind", func(in *Input) {
			in.Lock.Packages = append(slices.Clone(in.Lock.Packages), cargo.Package{Name: "right", Version: "2.0.1", Source: "registry+https://x.invalid"})
		}, `crate "right" 2.0.1 in "Cargo.lock": 2 packages have that name and version`},
	}
	for _, tt := range tests {
		in := input(t, "app-x86_64")
		tt.change(&in)
		if _, err := New(in); err == nil || !strings.HasPrefix(err.Error(), "making the SBOM of ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestOrigins checks that a crate of the same name and version from four sources is four
// components.
func TestOrigins(t *testing.T) {
	in := input(t, "app-x86_64")
	in.Source = Source{}
	in.Graph = parse(t, "0app v1.2.3 (/src/app)\t\t\n"+
		"1a v1.0.0\t\t\n1a v1.0.0 (/src/a)\t\t\n1a v1.0.0 (registry `ours`)\t\t\n1a v1.0.0 (https://u:p@x.invalid/a?tag=v1#01234567)\t\t\n")
	in.Lock.Packages = []cargo.Package{
		{Name: "app", Version: "1.2.3"},
		{Name: "a", Version: "1.0.0"},
		{Name: "a", Version: "1.0.0", Source: cratesIO, Checksum: strings.Repeat("1", 64)},
		{Name: "a", Version: "1.0.0", Source: "sparse+https://secret@x.invalid/index/", Checksum: strings.Repeat("2", 64)},
		{Name: "a", Version: "1.0.0", Source: "git+https://u:p@x.invalid/a?tag=v1#" + strings.Repeat("01234567", 5)},
	}
	a, b := write(t, in)
	for _, id := range []string{"a-1.0.0", "a-1.0.0-again-2", "a-1.0.0-again-3", "a-1.0.0-again-4"} {
		if !strings.Contains(a, `"bom-ref": "`+id+`"`) || !strings.Contains(b, `"SPDXID": "SPDXRef-`+id+`"`) {
			t.Errorf("no component %q", id)
		}
	}
	if strings.Contains(a+b, "secret") || strings.Contains(a+b, "u:p@") {
		t.Error("a document shows what may be a token")
	}
	for _, sum := range []string{"1", "2"} {
		if strings.Count(a, strings.Repeat(sum, 64)) != 1 || strings.Count(b, strings.Repeat(sum, 64)) != 1 {
			t.Errorf("the checksum %s… is not there once", sum)
		}
	}
}

func TestWriterFails(t *testing.T) {
	d, err := New(input(t, "app-x86_64"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.WriteCycloneDX(broken{}); !errors.Is(err, errDisk) {
		t.Errorf("CycloneDX: %v", err)
	}
	if err := d.WriteSPDX(broken{}); !errors.Is(err, errDisk) {
		t.Errorf("SPDX: %v", err)
	}
}

var errDisk = errors.New("no space left on device")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errDisk }
