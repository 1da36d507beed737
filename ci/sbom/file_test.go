package sbom

import (
	"bytes"
	"encoding/json"
	"testing"

	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// TestNewFile checks the document of a file that was not built.
func TestNewFile(t *testing.T) {
	var out bytes.Buffer
	if err := NewFile("hello.wasm", "1.2.3", "wasm32-wasip1", [32]byte{0xab}, runwasi).WriteSPDX(&out); err != nil {
		t.Fatal(err)
	}
	var doc spdx.Document
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Packages) != 1 {
		t.Fatalf("it has %d packages, expected the file alone", len(doc.Packages))
	}
	p := doc.Packages[0]
	if p.PackageFileName != "hello.wasm" || p.PackageVersion != "1.2.3" || p.PackageChecksums[0].Value[:2] != "ab" || p.PackageDownloadLocation != "git+"+runwasi.Repository+"@"+runwasi.Commit {
		t.Errorf("the file is %+v", p)
	}
}
