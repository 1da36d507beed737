package ci_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMap checks that README's map of the packages has each package once, none that is not there,
// and that every file that README names as a place to begin reading exists.
func TestMap(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(raw), "\n## How it is made\n")
	block, table, ended := strings.Cut(text, "Where to begin reading:")
	if !found || !ended {
		t.Fatal("README has no section `How it is made` with a map and a table")
	}
	var listed []string
	for line := range strings.Lines(block) {
		if !strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "     ") {
			continue // not the first line of an entry
		}
		names, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		for i, name := range strings.Fields(names) {
			if i > 0 && !strings.HasSuffix(name, ".go") {
				name = "ci/" + name
			}
			listed = append(listed, name)
		}
	}
	packages := readImports(t)
	for name := range packages {
		if n := len(slices.DeleteFunc(slices.Clone(listed), func(other string) bool { return other != name })); n != 1 && name != "." && name != "ci/app/generate" {
			t.Errorf("package %s is %d times on README's map", name, n)
		}
	}
	for _, name := range listed {
		if _, known := packages[name]; !known && name != "e2e" && !strings.HasSuffix(name, ".go") {
			t.Errorf("README's map has %s, which is no package", name)
		}
	}
	table, _, _ = strings.Cut(table, "\n\nImports")
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(table, -1)
	for _, link := range links {
		if _, err := os.Stat(path.Join("..", link[1])); err != nil {
			t.Error(err)
		}
	}
	if len(links) < 6 {
		t.Errorf("the table has %d links", len(links))
	}
}
