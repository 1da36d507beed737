package tomlfile

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	const text = `# a manifest
[package]
name = "a"
keywords = [
  "one",
  "two",
]

[dependencies]
b = { path = "../b" }
c.version = "1"
[dependencies.d]
git = "x"
[[bin]]
name = "p"
[[bin]]
name = "q"
[target.'cfg(unix)'.dependencies]
"e" = "1"
`
	p, err := Locate(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path []string
		want int
	}{
		{[]string{"package"}, 2},
		{[]string{"package", "name"}, 3},
		{[]string{"package", "keywords", "1"}, 6},
		{[]string{"dependencies", "b", "path"}, 10},
		{[]string{"dependencies", "c", "version"}, 11},
		{[]string{"dependencies", "c"}, 11},
		{[]string{"dependencies", "d", "git"}, 13},
		{[]string{"bin", "1", "name"}, 17},
		{[]string{"bin", "1"}, 16},
		{[]string{"target", "cfg(unix)", "dependencies", "e"}, 19},
		{[]string{"package", "description"}, 2}, // the line of the table that lacks the key
		{[]string{"lib"}, 0},
	} {
		if got := p.Line(c.path...); got != c.want {
			t.Errorf("%q is on line %d, expected %d", c.path, got, c.want)
		}
	}
}

// TestLines checks that the lines of very many keys cost little more than that of one.
func TestLines(t *testing.T) {
	const n = 50_000
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "key%d = \"a\"\n", i)
	}
	line, begin := Lines([]byte(text.String())), time.Now()
	for i := range n {
		if got := line(fmt.Sprintf("key%d", i)); got != i+1 {
			t.Fatalf("key%d is on line %d", i, got)
		}
	}
	if took := time.Since(begin); took > 20*time.Second { // each scanned the file again
		t.Errorf("%d lines took %s", n, took)
	}
	if got := Lines([]byte("a = \"b"))("a"); got != 0 {
		t.Errorf("a file that cannot be located has line %d", got)
	}
}
