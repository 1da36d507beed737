package prepare

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dagger/slipway/ci/tomlfile"
)

// tomlSeeds have a string in every place where TOML allows one.
var tomlSeeds = []string{
	"[package]\nname = \"a\" # not \"1.0.0\"\nversion = \"1.0.0\"\n",
	"a = 1\r\nb = \"x\"\r\n[c]\r\nd='y'\r\n",
	"\ufeffv = \"1\"\n",
	"a.b.\"c.d\" = '1'\n'e f'.g = [1, \"x\", [\"y\"], {z = \"w\"}]\n",
	"[[p]]\nn = \"a\"\nd = [\n \"x 1\", # c \"\n \"y\",\n]\n[[p]]\nn = \"b\"\n[p.q]\nr = \"s\"\n[[p.t]]\nu = \"v\"\n[[p.t]]\nu = \"w\"\n",
	"a = \"\"\"\nx\"\"\"\nb = '''\r\ny'''\n",
	"a = \"\"\"\nx = \"1\"\n# no comment\"\"\"\nb = '''\n[no.table]'''\nc = \"\"\"\"q\"\"\"\"\"\nd = ''''q'''''\n",
	"a = \"\\\"\\\\\" # \"\nb = '\\'\n",
	"a = { b = \"c\", d = { e = 'f' }, g = [] }\n",
	"a = {\n b = \"c\", # x\n d = 'e',\n}\n",
	"a = 1979-05-27 07:32:00 # \"x\"\nb = nan\nc = -inf\nd = 0x1F\ne = true\nf = \"\"\n",
	"\"\\u0061\" = \"\\u0062\"\n\"\" = ''\n",
	"[target.'cfg(target_os = \"linux\")'.dependencies]\na = { path = \"..\", version = \"^0.3\" }\n[target.\"cfg(unix)\".dependencies.b]\nversion = \"1\"",
	"[ a . b ]\n c . d = 'x'\n[[ e ]]\nf=\"\\\\\"",
}

// tomlLines are lines that can be combined in many orders. N is replaced by a number unique to
// the line.
var tomlLines = strings.Split(`kN = "v"
kN = 'v' # "c"
kN.x."y.z" = "v"
"q\u0041N" = "\u0041"
'lN' = ''
[tN]
[ tN . 'a b' ] # [x]
[t0.sN]
[[aN]]
[[a]]
[[a.b]]
[a.cN]
[[a.b.c]]
kN = [ "v", 'w', [ "x" ], [], ]
kN = [ # "c"
  "v" # ]
  , { x = "v" }, { x.y = 'w' }
]
kN = { }
kN = { a = "v", b.c = 'w', "d" = ["x", { e = "y" }] }
kN = { a = """}""" }
kN = { a = { b = { c = "v" } } }
kN = """
kN = '''
v"""
w'''
"""
'''
kN = """"v""""
kN = ''''v'''''
kN = "\"\\"
kN = """\
   v \""" \\"""
kN = 1979-05-27 07:32:00
kN = 07:32:00#"c"
kN = nan
kN = [ 1, 0x2F, inf, true ]
# kN = "v"

	kN	=	"v"	`, "\n")

// FuzzSetStrings checks that in any file that the TOML parser accepts, every string is found
// and can be set without changing another byte or value. The input is text followed by lines of
// TOML in any order.
func FuzzSetStrings(f *testing.F) {
	for i, s := range tomlSeeds {
		f.Add(s, []byte{byte(i), byte(2 * i), byte(3 * i), byte(5 * i), byte(7 * i)})
	}
	f.Fuzz(func(t *testing.T, text string, picks []byte) {
		end := "\n"
		if len(picks) > 0 && picks[0] > 127 {
			end = "\r\n"
		}
		for i, pick := range picks[:min(len(picks), 30)] {
			line := tomlLines[int(pick)%len(tomlLines)]
			text += strings.ReplaceAll(line, "N", strconv.Itoa(i)) + end
		}
		setEach(t, text)
	})
}

func TestSetStringsSeeds(t *testing.T) {
	for _, s := range tomlSeeds {
		if n := setEach(t, s); n == 0 {
			t.Errorf("no string was set in %q", s)
		}
	}
}

// setEach sets each string of a file in turn, and returns their number.
func setEach(t *testing.T, text string) int {
	t.Helper()
	tree, err := parse("f", text)
	if err != nil {
		_, _ = tomlfile.Locate(text) // must not panic
		return 0
	}
	paths := stringPaths(tree, nil)
	spans, err := tomlfile.Locate(text)
	if err != nil {
		t.Fatalf("locating the strings of %q: %v", text, err)
	}
	const to = "1.2.3-rc.1"
	for _, p := range paths[:min(len(paths), 20)] {
		got, err := setStrings("f", text, []value{{p, to}})
		if err != nil {
			t.Fatalf("setting %q in %q: %v", p, text, err)
		}
		want, _ := parse("f", text)
		assign(want, p, to)
		after, err := parse("f", got)
		if err != nil || !same(after, want) {
			t.Errorf("setting %q in %q gave %q (%v)", p, text, got, err)
		}
		span, found := spans.String(p...)
		if !found || spans.Line(p...) == 0 {
			t.Fatalf("%q is not located in %q", p, text)
		}
		at := inside(text, span)
		if got != text[:at.Start]+to+text[at.End:] {
			t.Errorf("setting %q in %q changed more: %q", p, text, got)
		}
	}
	return len(paths)
}

// stringPaths lists the path of every string in a tree, sorted.
func stringPaths(node any, path []string) [][]string {
	var paths [][]string
	switch n := node.(type) {
	case string:
		return [][]string{path}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(n)) {
			paths = append(paths, stringPaths(n[k], slices.Concat(path, []string{k}))...)
		}
	case []any:
		for i, v := range n {
			paths = append(paths, stringPaths(v, slices.Concat(path, []string{strconv.Itoa(i)}))...)
		}
	case []map[string]any:
		for i, v := range n {
			paths = append(paths, stringPaths(v, slices.Concat(path, []string{strconv.Itoa(i)}))...)
		}
	}
	return paths
}

func TestSetStringsErrors(t *testing.T) {
	for _, tt := range []struct {
		text string
		path string
		want string
	}{
		{"a = 1\n", "a", `editing "f": it has no string at "a" to "2"`},
		{"a = \"1\"\n", "b", `editing "f": it has no string at "b" to "2"`},
		{"a = [\"1\"]\n", "a.1", `it has no string at "a.1"`},
		{"a = [\"1\"]\n", "a.x", `it has no string at "a.x"`},
		{"[[a]]\nb = \"1\"\n", "a.1.b", `it has no string at "a.1.b"`},
		{"a = \n", "a", `reading "f": toml: line 1`},
		{"a = \"\xff\"\n", "a", `reading "f": it is not UTF-8`},
	} {
		got, err := setStrings("f", tt.text, []value{{strings.Split(tt.path, "."), "2"}})
		if err == nil || got != "" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
	twice := []value{{[]string{"a"}, "2"}, {[]string{"a"}, "3"}}
	if _, err := setStrings("f", "\na = \"1\"\n", twice); err == nil || !strings.Contains(err.Error(), `editing "f" line 2: one value is set twice`) {
		t.Errorf("one value set twice: %v", err)
	}
}
