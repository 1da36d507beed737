// Package golden compares what tests make with golden files.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Compare fails the test unless the file of that name in testdata has exactly this text. With
// -update it writes the file.
func Compare(t testing.TB, name, text string) {
	t.Helper()
	CompareFile(t, filepath.Join("testdata", name), text)
}

// CompareFile does the same as [Compare] for any file.
func CompareFile(t testing.TB, file, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; read the difference, and run the test with -update if it is right:\n%s", file, diff.Diff(file, want, "got", []byte(text)))
	}
}
