package sourcefs

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoor checks that no other code opens a tree of files or decodes TOML without these limits.
// The exceptions read what slipway or its caller has made.
func TestDoor(t *testing.T) {
	allowed := map[string][]string{
		// OCI layouts, the names in a copy whose digest was checked, and the directories of tests.
		"os.DirFS(":       {"ci/engine/layout.go", "ci/staged/runner.go", "ci/gittest/gittest.go"},
		"toml.Unmarshal(": {"ci/tomlfile/tomlfile.go"},
		"toml.Decode(":    {"ci/prepare/locate.go"}, // one string of a file that was already decoded
		"toml.NewDecoder": nil,
		"toml.DecodeFile": nil,
		"toml.DecodeFS":   nil,
	}
	root := filepath.Join("..", "..")
	for _, dir := range []string{"ci", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(name)
			rel := strings.TrimPrefix(filepath.ToSlash(name), "../../")
			for call, files := range allowed {
				if strings.Contains(strings.ReplaceAll(string(raw), "tomlfile.", ""), call) && !contains(files, rel) {
					t.Errorf("%s calls %s…): read a workspace's files by sourcefs, and decode by tomlfile", rel, call)
				}
			}
			return err
		})
		must(t, err)
	}
}

func contains(list []string, name string) bool {
	for _, e := range list {
		if e == name {
			return true
		}
	}
	return false
}
