package quote

import (
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "1.2.3", `"1.2.3"`},
		{"empty", "", `""`},
		{"quote", `a"b`, `"a\"b"`},
		{"newline and a workflow command", "x\n::add-mask::1", `"x\n::add-mask::1"`},
		{"carriage return", "x\r::error::1", `"x\r::error::1"`},
		{"old workflow command", "##[add-mask]1", `"#\x23[add-mask]1"`},
		{"old workflow command after more signs", "####[x]", `"###\x23[x]"`},
		{"homoglyph", "\u0441argo", `"\u0441argo"`},
		{"right-to-left override", "a\u202eb", `"a\u202eb"`},
		{"zero-width space", "a\u200bb", `"a\u200bb"`},
		{"NUL", "a\x00", `"a\x00"`},
		{"terminal escape", "\x1b[2J", `"\x1b[2J"`},
		{"invalid UTF-8", "a\xff", `"a\xff"`},
		{"as long as is shown", strings.Repeat("a", 64), `"` + strings.Repeat("a", 64) + `"`},
		{"one too long", strings.Repeat("a", 65), `"` + strings.Repeat("a", 64) + `"... (65 bytes)`},
		{"10 MB", strings.Repeat("a", 10<<20), `"` + strings.Repeat("a", 64) + `"... (10485760 bytes)`},
		{"escapes count", strings.Repeat("\x00", 17), `"` + strings.Repeat(`\x00`, 16) + `"... (17 bytes)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Line(tt.in); got != tt.want {
				t.Errorf("Line = %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzLine checks that the result is one short line of ASCII that log parsers do not interpret.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "a", "##[x]", "::x::", "\x00\u202e\xff", strings.Repeat("#", 100) + "["} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Line(s)
		if len(got) > 100 || strings.Contains(got, "##[") || !strings.HasPrefix(got, `"`) {
			t.Errorf("Line = %q", got)
		}
		for _, c := range []byte(got) {
			if c < ' ' || c > '~' {
				t.Errorf("Line = %q holds byte %#x", got, c)
			}
		}
	})
}
