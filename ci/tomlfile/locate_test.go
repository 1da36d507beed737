package tomlfile

import "testing"

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
