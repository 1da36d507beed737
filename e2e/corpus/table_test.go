package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	list, err := parseList("# a comment\nripgrep 15.2.0 # more\n\nsd 1.0.0 sample\n")
	if want := []crate{{"ripgrep", "15.2.0", false}, {"sd", "1.0.0", true}}; err != nil || !slices.Equal(list, want) {
		t.Errorf("read %v, %v, expected %v", list, err, want)
	}
	for _, text := range []string{"sd", "sd 1.0", "sd ^1.0.0", "sd 1.0.0 simple", "../sd 1.0.0", "sd@2.0.0 1.0.0", "--sd 1.0.0", "sd 1.0.0\nsd 1.0.1"} {
		if list, err := parseList(text); err == nil {
			t.Errorf("%q was read as %v, expected an error", text, list)
		}
	}
}

// TestListed checks the committed list, and that the committed table has no crate or
// version that is not on it.
func TestListed(t *testing.T) {
	list, err := parseList(listed)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Errorf("the corpus has %d crates, expected at least 20", len(list))
	}
	kept, err := readTable(".")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("RESULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != kept.markdown() {
		t.Error("RESULTS.md is not what RESULTS.json and crates.txt give: run the corpus for what has changed")
	}
}

func TestTable(t *testing.T) {
	dir := t.TempDir()
	var kept table
	kept.put(row{Crate: "sd", Version: "1.0.0", Planned: true, Why: "a | b\n<c>"})
	kept.put(row{
		Crate: "hexyl", Version: "0.17.0", Planned: true, Right: true, Tests: []tests{{Passed: 3}, {Passed: 2}},
		Binaries: []binary{{Name: "hexyl", Target: targets[0].triple, Says: "hexyl 0.17.0"}, {Name: "hexyl", Target: targets[1].triple, Says: "hexyl 0.17.0"}},
	})
	kept.put(row{Crate: "unlisted", Version: "1.0.0"})
	if err := kept.write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := readTable(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.rows) != 2 || again.rows[0].Crate != "hexyl" || again.rows[1].Crate != "sd" {
		t.Fatalf("read rows %+v, expected those of hexyl and sd", again.rows)
	}
	text := again.markdown()
	for _, want := range []string{
		"1 of 2 crates are right, 2 are planned.",
		"| hexyl | 0.17.0 | right | 3, 2 | hexyl 0.17.0 |  |  |\n",
		"| sd | 1.0.0 | wrong |  |  | a \\| b &lt;c> |  |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	again.put(row{Crate: "sd", Version: "1.0.0", Right: true})
	if len(again.rows) != 2 || !again.rows[1].Right {
		t.Errorf("a second run of sd left %+v", again.rows)
	}
}
