package console

import (
	"encoding/json"
	"testing"
)

func rendered(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(JSON(raw))
}

func TestJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Größe 版 ⚠️", `"Größe 版 ⚠️"`},
		{"a\u009b2J\u007f", `"a\u009b2J\u007f"`},
		{"\u202egnp.exe", `"\u202egnp.exe"`},
		{"\x1b]0;t\a", `"\u001b]0;t\u0007"`},
		{"\U000e0041", `"\udb40\udc41"`},
		{"##[add-mask]x ###[y]", `"#\u0023[add-mask]x ##\u0023[y]"`},
		{"\\##[debug]x", `"\\#\u0023[debug]x"`},
		{"::add-mask::x", `"::add-mask::x"`},
	}
	for _, tt := range tests {
		if got := rendered(t, tt.in); got != tt.want {
			t.Errorf("%q is %s, want %s", tt.in, got, tt.want)
		}
	}
}

// FuzzJSON checks that the result decodes to the same value, and that a Writer does not
// change it.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "\u202e\u009b", "##[x]", `\##[x]`, "a\n::debug::b", "\U000e0041👩‍💻"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		in := map[string]any{key: []string{value, value}}
		got := rendered(t, in)
		if what := harmful(got); what != "" || Clean(got) != got {
			t.Errorf("%s, or it is not left alone: %q", what, got)
		}
		var back map[string][]string
		if err := json.Unmarshal([]byte(got), &back); err != nil {
			t.Fatal(err)
		}
		for _, v := range back {
			if len(back) != 1 || v[0] != string([]rune(value)) { // encoding/json replaces invalid UTF-8
				t.Errorf("%q is read as %q", value, v)
			}
		}
	})
}
