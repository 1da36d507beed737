package console

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestInline(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "src/main.rs", "src/main.rs"},
		{"umlauts", "Größe", "Größe"},
		{"CJK", "発行　版", "発行　版"},
		{"combining", "e\u0301", "e\u0301"},
		{"Arabic", "مرحبا", "مرحبا"},
		{"emoji", "🚀 done ⚠️", "🚀 done ⚠️"},
		{"emoji of several", "👩‍💻 👍🏽 🏳️‍🌈", "👩‍💻 👍🏽 🏳️‍🌈"},
		{"backslash", `C:\x`, `C:\x`},
		{"newline", "a\n  good  b", `a\n  good  b`},
		{"tab", "a\tb", `a\tb`},
		{"carriage return", "bad\rgood", `bad\rgood`},
		{"vertical tab, form feed", "a\v\fb", `a\v\fb`},
		{"next line", "a\u0085b", `a\u0085b`},
		{"line and paragraph separator", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"colour", "\x1b[31mred", `\x1b[31mred`},
		{"title", "\x1b]0;t\a", `\x1b]0;t\a`},
		{"clipboard", "\x1b]52;c;ZXZpbA==\x07", `\x1b]52;c;ZXZpbA==\a`},
		{"C1 control sequence introducer", "\u009b2J", `\u009b2J`},
		{"C1 as a byte", "\x9b2J", `\x9b2J`},
		{"NUL, DEL, backspace", "\x00\x7f\b", `\x00\x7f\b`},
		{"right-to-left override", "a\u202egnp.exe", `a\u202egnp.exe`},
		{"isolates", "\u2066a\u2069\u2067b\u2069", `\u2066a\u2069\u2067b\u2069`},
		{"Arabic letter mark", "\u061ca", `\u061ca`},
		{"zero-width space", "a\u200bb", `a\u200bb`},
		{"joiner in a name", "a\u200db", `a\u200db`},
		{"variation selector in a name", "a\ufe0fb", `a\ufe0fb`},
		{"two joiners", "👩\u200d\u200d", "👩\u200d" + `\u200d`},
		{"byte order mark", "\ufeffa", `\ufeffa`},
		{"soft hyphen", "a\u00adb", `a\u00adb`},
		{"Hangul filler", "a\u3164b", `a\u3164b`},
		{"combining grapheme joiner", "a\u034fb", `a\u034fb`},
		{"tag", "a\U000e0041b", `a\U000e0041b`},
		{"supplementary variation selector", "👩\U000e0100", "👩" + `\U000e0100`},
		{"em space", "a\u2003b", `a\u2003b`},
		{"private use", "\ue000", `\ue000`},
		{"invalid UTF-8", "a\xff\xc3(", `a\xff\xc3(`},
		{"surrogate as bytes", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"replacement character", "a\ufffdb", "a\ufffdb"},
		{"old workflow command", "x ##[add-mask]y", `x #\x23[add-mask]y`},
		{"old workflow command after more signs", "####[group]", `###\x23[group]`},
		{"old workflow command with something that is ignored", "#\u200b#[group]", `#\u200b#[group]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Inline(tt.in)
			if got != tt.want {
				t.Errorf("Inline(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if Inline(got) != got {
				t.Errorf("shown again, %q becomes %q", got, Inline(got))
			}
		})
	}
}

// TestLine checks that no line is a workflow command.
func TestLine(t *testing.T) {
	tests := []struct{ in, want string }{
		{"::add-mask::x", `\x3a:add-mask::x`},
		{"  \t::stop-commands::x", "  \t" + `\x3a:stop-commands::x`},
		{"\u3000::error file=a::b", "\u3000" + `\x3a:error file=a::b`},
		{"\u00a0::set-output name=a::b", "\u00a0" + `\x3a:set-output name=a::b`},
		{"\u2003::debug::b", `\u2003::debug::b`},
		{"\ufeff::group::b", `\ufeff::group::b`},
		{"\u00ad::group::b", `\u00ad::group::b`},
		{"\r::group::b", `\r::group::b`},
		{"\v::group::b", `\v::group::b`},
		{"\x85::group::b", `\x85::group::b`},
		{":\u200b:group::b", `:\u200b:group::b`},
		{":::group::b", `\x3a::group::b`},
		{"a ::group::b", "a ::group::b"},
		{"std::fmt", "std::fmt"},
		{"##[command]rm", `#\x23[command]rm`},
		{"⚠️##[endgroup]", "⚠️" + `#\x23[endgroup]`},
		{"#\x1b[0m#[group]x", `#\x1b[0m#[group]x`},
		{"a\tb", "a\tb"},
	}
	for _, tt := range tests {
		got := Line(tt.in)
		if got != tt.want {
			t.Errorf("Line(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if c := obeyed(got); c != "" {
			t.Errorf("the runner obeys %q of %q", c, got)
		}
	}
	// obeyed must find commands, or the checks above prove nothing.
	for _, line := range []string{"::add-mask::x", " \u3000::error::", "\u200b::group::x", "a ##[group]x", "#\u00ad#[debug]", "##[set-output name=a;]b"} {
		if obeyed(line) == "" {
			t.Errorf("the runner of this test does not obey %q", line)
		}
	}
}

// TestBounded checks that very long text is truncated, that the result says by how much,
// and that memory use is bounded.
func TestBounded(t *testing.T) {
	for name, in := range map[string]string{
		"letters": strings.Repeat("a", 10<<20), "controls": strings.Repeat("\x00", longest), "wide": strings.Repeat("\U000e0041", longest),
		"broken": strings.Repeat("\xff", longest), "old commands": strings.Repeat("##[", longest), "CJK": strings.Repeat("版", longest),
	} {
		for _, got := range []string{Inline(in), Line(in)} {
			if len(got) > longest || len(got) < longest-128 || !strings.HasSuffix(got, " bytes more)") || !utf8.ValidString(got) {
				t.Errorf("%s: %d bytes, ending %q", name, len(got), got[max(0, len(got)-40):])
			}
			if Inline(got) != got {
				t.Errorf("%s: shown again it changes", name)
			}
		}
	}
	if got := Line(strings.Repeat("x", longest)); len(got) != longest {
		t.Errorf("as much as is shown has %d bytes", len(got))
	}
}

func TestClean(t *testing.T) {
	in := "a\n::add-mask::b\r\n\tok ##[group]\n\n \x1b[1;1H::x::\n"
	want := "a\n" + `\x3a:add-mask::b\r` + "\n\tok " + `#\x23[group]` + "\n\n " + `\x1b[1;1H::x::` + "\n"
	if got := Clean(in); got != want {
		t.Errorf("Clean = %q, want %q", got, want)
	}
}

// TestMarked checks that no line of another program's text can pass for one of slipway's,
// even after a bare carriage return.
func TestMarked(t *testing.T) {
	if got, want := Marked("error: a\nGood: all of it\rBad\r\n\n::error::x\n\n"), "error: a\n  | Good: all of it\n  | Bad\n  | \n  | "+`\x3a:error::x`; got != want {
		t.Errorf("Marked = %q, want %q", got, want)
	}
	if got, want := Quoted("a\nb"), "  | a\n  | b"; got != want || Quoted("") != "" {
		t.Errorf("Quoted = %q, want %q", got, want)
	}
}

// FuzzLine checks that any text is printed plainly and is not a command, that escaping it
// again changes nothing, and that its length is bounded.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "a", "::add-mask::x", " ::x::", "##[group]", "\x1b[2J\r::error::\u202e\xff\u009b", "👩‍💻⚠️", "##\u200b[x]", "#\ufe0f#[debug]", "a\n::debug::b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{"Inline": Inline(s), "Line": Line(s)} {
			if strings.Contains(got, "\n") || len(got) > longest {
				t.Errorf("%s: %d bytes, or a line too many: %q", name, len(got), got)
			}
			if name == "Line" || !strings.Contains(s, "::") {
				if what := harmful(got); what != "" {
					t.Errorf("%s: %s in %q", name, what, got)
				}
			}
			if Line(got) != Line(Line(got)) || Inline(Inline(s)) != Inline(s) || Line(Line(s)) != Line(s) {
				t.Errorf("%s: shown again, %q changes", name, got)
			}
		}
		clean := Clean(s)
		if what := harmful(clean); what != "" || Clean(clean) != clean || strings.Count(clean, "\n") != strings.Count(s, "\n") || len(clean) > 10*len(s) {
			t.Errorf("Clean: %s in %q", what, clean)
		}
		if !utf8.ValidString(clean) {
			t.Errorf("Clean: %q is no UTF-8", clean)
		}
	})
}
