package tomlfile

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// bombs returns small files that would be expensive to parse.
func bombs() map[string]string {
	const n = 100_000
	r := strings.Repeat
	return map[string]string{
		"dotted key":                        r("a.", n) + "a = 1\n",
		"dotted key with space around":      r("a . ", n) + "a = 1\n",
		"quoted parts":                      r(`"".`, n) + "a = 1\n",
		"table":                             "[" + r("a.", n) + "a]\n",
		"array of tables":                   "[[" + r("a.", n) + "a]]\n",
		"arrays":                            "a = " + r("[", n) + r("]", n) + "\n",
		"arrays that do not end":            "a = " + r("[", n),
		"arrays over lines":                 "a = " + r("[\n", n),
		"inline tables":                     "a = " + r("{a=", n) + "1" + r("}", n) + "\n",
		"inline tables and arrays":          "a = " + r("[{a=", n),
		"dotted keys in inline tables":      "a = " + r("{"+r("b.", 20)+"b=", n/20),
		"a dotted key below a deep table":   "[" + r("a.", 25) + "a]\n" + r("b.", 25) + "b = 1\n",
		"a dotted key behind a string":      `a = "#"` + "\n" + r("a.", n) + "a = 1\n",
		"a dotted key behind a long string": "a = \"\"\"\n\\\"\"\"\\\"\"\"\"\n" + r("a.", n) + "a = 1\n",
		"a dotted key behind quotes":        "a = '''''x'''''\n" + r("b.", n) + "a = 1\n",
		"in an inline table behind a comma": "a = {b = 1, " + r("c.", n) + "c = 1}\n",
		"many tables of many parts":         many(MaxSize, func(i int) string { return fmt.Sprintf("[x%d%s]\n", i, r(".a", 30)) }),
		"many keys of many parts":           many(MaxSize, func(i int) string { return fmt.Sprintf("x%d%s = 1\n", i, r(".a", 29)) }),
		"many inline tables":                "a = [" + r("{},", MaxTables+1) + "]\n",
		"many arrays of tables":             r("[[a]]\n", MaxTables+1),
		"many elements":                     "a = [" + r("1,", MaxValues+1) + "]\n",
		"many keys":                         "a.b = [" + r("{c = 1, d = 2},", MaxTables-10) + "]\n" + many(3<<20, func(i int) string { return fmt.Sprintf("%x=1\n", i) }),
		"too large":                         "#" + r("x", MaxSize),
	}
}

func many(size int, line func(int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < size-200; i++ {
		b.WriteString(line(i))
	}
	return b.String()
}

// TestBombs checks that each is refused quickly and with little memory.
func TestBombs(t *testing.T) {
	for name, text := range bombs() {
		t.Run(name, func(t *testing.T) {
			took, memory, err := cost(text)
			if err == nil || !strings.Contains(err.Error(), "nest deeper than 32") && !strings.Contains(err.Error(), "more than") && !strings.Contains(err.Error(), "expected at most") {
				t.Errorf("the error is %v", err)
			}
			if took > 2*time.Second || memory > 64<<20 {
				t.Errorf("it took %s and %d MiB", took, memory>>20)
			}
		})
	}
}

// worst is the size in bytes of the files in TestWorst, which determines their cost.
const worst = MaxSize / 8

// TestWorst checks that the cost of an accepted file is bounded by its size.
func TestWorst(t *testing.T) {
	r := strings.Repeat
	for name, text := range map[string]string{
		"keys":              many(worst, func(i int) string { return fmt.Sprintf("%x=1\n", i) }),
		"numbers":           "a = [" + r("1,", worst/2-8) + "]\n",
		"arrays":            "a = [" + r("[],", worst/3-8) + "]\n",
		"dotted keys":       many(worst, func(i int) string { return fmt.Sprintf("x%x.%s=1\n", i, r("y", 40)) }),
		"tables":            "a = [" + r("{},", MaxTables/8) + "]\n",
		"deep":              many(worst, func(i int) string { return fmt.Sprintf("x%x%s=%s1%s\n", i, r(".a", 1), r("[", 28), r("]", 28)) }),
		"long parts":        r(r("x", worst/40)+".", 29) + "x = 1\n",
		"the deepest":       r("a.", 30) + "a = 1\n",
		"packages":          r("[[package]]\nname = \"x\"\n", worst/24),
		"long string":       "a = \"" + r("x", worst-10) + "\"\n",
		"escapes, no table": "a = \"" + r(`\u0041`, worst/6-4) + "\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			took, memory, err := cost(text)
			t.Logf("%s, %d MiB, %v", took, memory>>20, err)
			if memory > 96<<20 || took > 10*time.Second {
				t.Errorf("it took %s and %d MiB", took, memory>>20)
			}
		})
	}
}

// cost decodes a text; memory is how many bytes were allocated in total.
func cost(text string) (took time.Duration, memory uint64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	var v map[string]any
	err = Unmarshal([]byte(text), &v)
	took = time.Since(begin)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc, err
}

// TestSame checks that files within the limits are decoded as the parser does.
func TestSame(t *testing.T) {
	for _, text := range []string{
		"", "# only a comment", "a = 1\r\n[b.c]\r\nd = 1.5\r\n", "[target.'cfg(any(a = \"b\", c.d.e))'.dependencies]\nx.workspace = true\n",
		"a = '''" + strings.Repeat("[", 100) + "'''\n", `a = "` + strings.Repeat("{.", 100) + `\"` + strings.Repeat("[", 100) + `"`, "# " + strings.Repeat("[a.", 100) + "\nb = 1\n",
		"a = [\n 1, # [[[[\n 2\n]\n[[x.y]]\nz = { version = \"1.0.0\", features = [\"a.b.c\"] }\n[[x.y]]\n", "v = 1.2\nd = 1979-05-27T07:32:00.999999Z\n",
		"a = \"\"\"x\\\ny\"\"\"\"\nb = 2\n", "not toml at all", "a = \"open", "[open", "a = {b = 1", "]]]]}}}}",
	} {
		var got, want map[string]any
		err, wanted := Unmarshal([]byte(text), &got), toml.Unmarshal([]byte(text), &want)
		if fmt.Sprint(err) != fmt.Sprint(wanted) || !reflect.DeepEqual(got, want) {
			t.Errorf("%q gives %v, %v; want %v, %v", text, got, err, want, wanted)
		}
	}
}

// FuzzUnmarshal checks that nothing accepted is deeper than allowed.
func FuzzUnmarshal(f *testing.F) {
	for _, text := range bombs() {
		if len(text) < 1<<10 {
			f.Add([]byte(text))
		}
	}
	for _, text := range []string{"a.b.c = [{d = [1]}]\n", "[[a.b]]\nc.d = '''x'''\n", "a = \"\"\"\\\"\"\"\"\n", "'a.b' = {\"c\\\"\".d = 1, e = [\n]}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v map[string]any
		if err := Unmarshal(raw, &v); err == nil && depth(v) > MaxDepth+1 {
			t.Errorf("%q nests %d deep", raw, depth(v))
		}
	})
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	case []any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	case []map[string]any:
		for _, e := range v {
			deepest = max(deepest, depth(e)-1) // its brackets belong to the header
		}
	default:
		return 0
	}
	return deepest + 1
}
