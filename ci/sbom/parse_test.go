package sbom

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const output = "0app v1.0.0 (/src/app)\tApache-2.0\t\n" +
		"1zed v1.0.0\tMIT\thttps://z.invalid\n" +
		"2base v0.1.0+local.2 (registry `ours`)\t\t\n" +
		"3leaf v1.0.0-rc.1 (https://x.invalid/leaf?tag=v1#01234567)\tMIT OR Apache-2.0\t\n" +
		"1base v0.1.0+local.2 (registry `ours`)\t\t (*)\n" +
		"1base v0.2.0 (/src/a (b))\t\t\n"
	g := parse(t, output)
	want := []Crate{
		{"app", "1.0.0", "/src/app", "Apache-2.0", ""},
		{"base", "0.1.0+local.2", "registry `ours`", "", ""},
		{"base", "0.2.0", "/src/a (b)", "", ""},
		{"leaf", "1.0.0-rc.1", "https://x.invalid/leaf?tag=v1#01234567", "MIT OR Apache-2.0", ""},
		{"zed", "1.0.0", "", "MIT", "https://z.invalid"},
	}
	if !slices.Equal(g.Crates, want) {
		t.Errorf("crates %q, want %q", g.Crates, want)
	}
	if got := fmt.Sprint(g.Deps); got != "[[1 2 4] [3] [] [] [1]]" {
		t.Errorf("dependencies %s", got)
	}
}

// TestParseRoot checks that the binary's crate comes first, whatever its name.
func TestParseRoot(t *testing.T) {
	g := parse(t, "0z v1.0.0 (/src)\t\t\n1a v1.0.0\t\t\n1b v1.0.0\t\t\n")
	if g.Crates[0].Name != "z" || fmt.Sprint(g.Deps) != "[[1 2] [] []]" {
		t.Errorf("got %q, %v", g.Crates, g.Deps)
	}
}

func TestParseRefuses(t *testing.T) {
	const root = "0app v1.0.0 (/src/app)\tMIT\t\n"
	tests := []struct{ name, output, want string }{
		{"nothing", "", `line 1, "": expected depth, package, licence and repository`},
		{"error of cargo", "error: no such command: `tree`\n", "expected depth, package"},
		{"other format", "0app v1.0.0\n", "expected depth, package"},
		{"no repository", "0app v1.0.0\tMIT\n", "expected depth, package"},
		{"no depth", "app v1.0.0\tMIT\t\n", "expected depth, package"},
		{"no version", "0app\tMIT\t\n", "expected depth, package"},
		{"two numbers", "0app v1.0\tMIT\t\n", "expected depth, package"},
		{"begins inside", "1app v1.0.0\tMIT\t\n", "depth 1 follows depth -1"},
		{"leaves out a level", root + "2a v1.0.0\tMIT\t\n", "line 2, \"2a v1.0.0\\tMIT\\t\": depth 2 follows depth 0; expected at most one deeper"},
		{"huge depth", root + "99999a v1.0.0\tMIT\t\n", "expected depth, package"},
		{"second tree", root + root, "line 2, \"0app v1.0.0 (/src/app)\\tMIT\\t\": a second tree begins"},
		{"second tree after an empty line", root + "\n" + root, `line 2, "": expected depth`},
		{"procedural macro", root + "1m v1.0.0 (proc-macro)\tMIT\t\n", "it is a procedural macro, which is in no binary"},
		{"local procedural macro", root + "1m v1.0.0 (proc-macro) (/src/m)\tMIT\t\n", "it is a procedural macro"},
		{"other edges", root + "[dev-dependencies]\n", "expected depth, package"},
		{"cycle", root + "1a v1.0.0\t\t\n2app v1.0.0 (/src/app)\tMIT\t (*)\n", "app 1.0.0 depends on itself"},
		{"cycle that no branch shows", root + "1a v1.0.0\t\t\n2b v1.0.0\t\t\n1b v1.0.0\t\t\n2a v1.0.0\t\t\n", "depends on itself, or on crates that do"},
		{"repeated, but nowhere else", root + "1a v1.0.0\t\t (*)\n", "the dependencies of a 1.0.0 are missing"},
		{"a licence with a line break", "0app v1.0.0 (/src/app)\tMIT\n1evil v1.0.0\t\n", `line 1, "0app v1.0.0 (/src/app)\tMIT": expected depth`},
		{"hostile name", "0../../x v1.0.0\t\t\n", "expected depth, package"},
		{"long line", strings.Repeat("a", 1<<20), "(1048576 bytes): expected depth"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.output)
		if err == nil || !strings.HasPrefix(err.Error(), "reading the output of `cargo tree`: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%s: the error has %d bytes", tt.name, len(err.Error()))
		}
	}
}

// FuzzParse checks what every graph guarantees: each crate once, sorted after the first,
// all reachable from it, and no edges out of range or cycles.
func FuzzParse(f *testing.F) {
	for _, r := range recorded {
		f.Add(readTree(f, r.tree))
	}
	f.Add("0a v1.0.0\t\t\n1b v1.0.0\t\t\n2c v1.0.0\t\t\n1c v1.0.0\t\t\n2b v1.0.0\t\t\n")
	f.Fuzz(func(t *testing.T, output string) {
		g, err := Parse(output)
		if err != nil {
			return
		}
		if len(g.Crates) == 0 || len(g.Crates) != len(g.Deps) || !slices.IsSortedFunc(g.Crates[1:], compareCrates) {
			t.Fatalf("a graph of %d crates, %d edge lists", len(g.Crates), len(g.Deps))
		}
		once := map[Crate]bool{}
		for _, c := range g.Crates {
			if once[c] {
				t.Errorf("%q is there twice", c)
			}
			once[c] = true
		}
		state := make([]int, len(g.Crates)) // 1 in progress, 2 done
		var visit func(i int)
		visit = func(i int) {
			if state[i] == 1 {
				t.Fatalf("%q depends on itself", g.Crates[i])
			}
			if state[i] == 2 {
				return
			}
			state[i] = 1
			for _, d := range g.Deps[i] {
				visit(d)
			}
			state[i] = 2
		}
		visit(0)
		if slices.Contains(state, 0) {
			t.Errorf("not every crate is reached: %v", state)
		}
	})
}
