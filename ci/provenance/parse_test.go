package provenance

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, in := range []Input{input(), dryRun()} {
		want := statement(t, in)
		got, err := Parse([]byte(render(t, want)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

// TestParseIgnores checks that unknown fields are ignored: a later minor version may add
// some.
func TestParseIgnores(t *testing.T) {
	want := statement(t, input())
	text := strings.Replace(render(t, want), `"predicateType"`, `"more": {"crate": 1, "x": [{"crate": [2, {}]}, "crate"]}, "predicateType"`, 1)
	got, err := Parse([]byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	good := render(t, statement(t, input()))
	change := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the statement does not hold %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", "unexpected end of JSON input"},
		{"cut", good[:len(good)/2], "unexpected EOF"},
		{"no object", `"x"`, "cannot unmarshal string"},
		{"two values", good + good, "something follows the statement"},
		{"rubbish behind", good + "x", "something follows the statement"},
		{"other statement", change(StatementType, "https://in-toto.io/Statement/v0.1"), `it is a "https://in-toto.io/Statement/v0.1" that holds a "` + PredicateType + `"`},
		{"other predicate", change(PredicateType, "https://slsa.dev/provenance/v0.2"), `holds a "https://slsa.dev/provenance/v0.2"`},
		{"no types", "{}", `it is a "" that holds a ""`},
		{"unknown parameter", change(`"crate": `, `"rustflags": "-Cx", "crate": `), `external parameters: json: unknown field "rustflags"`},
		{"a key twice", change(`"crate": `, `"crate": "other", "crate": `), `the key "crate" appears twice`},
		{"a key in other case", change(`"subject": `, `"Subject": [], "subject": `), `the key "subject" appears twice`},
		{"an escaped key", change(`"digest"`, `"dig\u0065st": {}, "digest"`), `the key "digest" appears twice`},
		{"the long s", change(`"subject": `, `"\u017fubject": [], "subject": `), "appears twice"},
		{"a key twice, deep down", change(`"sha256": `, `"sha256": "00", "sha256": `), `the key "sha256" appears twice`},
		{"subjects of another form", change(`"subject": [`, `"subject": 1, "more": [`), "cannot unmarshal number"},
		{"large", `{"a": "` + strings.Repeat("a", maxSize) + `"}`, "expected at most 4194304"},
		{"deep", strings.Repeat("[", 1<<20), ""},
	}
	for _, tt := range tests {
		_, err := Parse([]byte(tt.text))
		if err == nil || !strings.HasPrefix(err.Error(), "reading provenance: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

// FuzzParse checks that a parsed statement survives being written and parsed again, and
// that checking it never panics.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no statements in testdata: %v", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"_type":"` + StatementType + `","predicateType":"` + PredicateType + `","subject":[{"digest":null}],"predicate":null}`))
	want := expectation(input())
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw)
		if err != nil {
			return
		}
		text := render(t, s)
		again, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if second := render(t, again); second != text {
			t.Errorf("read again it is\n%s\nand was\n%s", second, text)
		}
		if (Check(s, want) == nil) != (Check(again, want) == nil) {
			t.Errorf("read again it is judged otherwise:\n%s", text)
		}
	})
}
