package workflows

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestContentOf checks that submodules and Git LFS are detected wherever a repository declares
// them, and only there.
func TestContentOf(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, tt := range map[string]struct {
		files fstest.MapFS
		want  Content
	}{
		"neither":               {fstest.MapFS{"Cargo.toml": file("")}, Content{}},
		"submodules":            {fstest.MapFS{".gitmodules": file("[submodule \"x\"]\n")}, Content{Submodules: true}},
		"submodules elsewhere":  {fstest.MapFS{"a/.gitmodules": file("")}, Content{}},
		"LFS":                   {fstest.MapFS{".gitattributes": file("* text=auto\n*.bin filter=lfs diff=lfs merge=lfs -text\n")}, Content{LFS: true}},
		"LFS below":             {fstest.MapFS{"a/b/.gitattributes": file("*.bin filter=lfs\n")}, Content{LFS: true}},
		"LFS in a comment":      {fstest.MapFS{".gitattributes": file("# *.bin filter=lfs\n*.x !filter\n*.y -filter=lfs filter\n")}, Content{}},
		"another filter":        {fstest.MapFS{".gitattributes": file("*.bin filter=lfs2\n")}, Content{}},
		"a pattern of the name": {fstest.MapFS{".gitattributes": file("filter=lfs text\n")}, Content{}},
		"what tools have left":  {fstest.MapFS{"target/x/.gitattributes": file("* filter=lfs\n"), "a/node_modules/.gitattributes": file("* filter=lfs\n")}, Content{}},
	} {
		if got, err := ContentOf(tt.files); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v, expected %+v", name, got, err, tt.want)
		}
	}
}

// TestNewWithContent checks that every job with a checkout fetches the repository's submodules
// and LFS files.
func TestNewWithContent(t *testing.T) {
	for _, c := range []Content{{}, {Submodules: true}, {LFS: true}, {true, true}} {
		for name, text := range makeFiles(t, shims(), Options{Slipway: pinned, Content: c}) {
			checkouts := strings.Count(text, "uses: actions/checkout@")
			for line, has := range map[string]bool{"\n          submodules: recursive\n": c.Submodules, "\n          lfs: true\n": c.LFS} {
				want := 0
				if has {
					want = checkouts
				}
				if got := strings.Count(text, line); got != want {
					t.Errorf("%+v: %s has %q %d times in %d checkouts", c, name, line, got, checkouts)
				}
			}
		}
	}
}
