package cargo

import (
	"strings"
	"testing"
)

func TestCheckNameAccepts(t *testing.T) {
	for _, name := range []string{"a", "A", "serde", "serde_json", "tokio-util", "x86", "R2D2", "a-", "a--b", "com10", "con-x", strings.Repeat("a", 64)} {
		if err := CheckName(name); err != nil {
			t.Errorf("CheckName(%q): %v", name, err)
		}
	}
}

func TestCheckNameRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", `checking crate name: it is empty: name a member of the workspace`},
		{"parent directories", "../..", `checking crate name "../..": it must begin with an ASCII letter`},
		{"path below", "a/../b", `checking crate name "a/../b": byte 2 ("/")`},
		{"absolute path", "/etc/passwd", "it must begin with an ASCII letter"},
		{"Windows path", `c:\x`, `byte 2 (":")`},
		{"end of options", "--", `checking crate name "--": it must begin with an ASCII letter`},
		{"leading dash", "-Zunstable", "it must begin with an ASCII letter"},
		{"leading underscore", "_a", "it must begin with an ASCII letter"},
		{"leading digit", "7z", "it must begin with an ASCII letter"},
		{"dot", "a.b", `byte 2 (".")`},
		{"device", "con", `checking crate name "con": it is a reserved device name`},
		{"device in capitals", "LPT1", "it is a reserved device name"},
		{"several devices", "con nul", `byte 4 (" ")`},
		{"homoglyph", "s\u0435rde", `checking crate name "s\u0435rde": byte 2 ("\xd0")`},
		{"homoglyph first", "\u0441argo", "it must begin with an ASCII letter"},
		{"full width", "\uff41", "it must begin with an ASCII letter"},
		{"right-to-left override", "a\u202eb", `checking crate name "a\u202eb": byte 2`},
		{"zero-width space", "a\u200bb", `checking crate name "a\u200bb": byte 2`},
		{"zero-width joiner", "a\u200d", `byte 2`},
		{"space", "a b", `byte 2 (" ")`},
		{"newline", "a\nb", `checking crate name "a\nb": byte 2 ("\n")`},
		{"NUL", "a\x00", `checking crate name "a\x00": byte 2 ("\x00")`},
		{"shell", "a;id", `byte 2 (";")`},
		{"substitution", "$(id)", "it must begin with an ASCII letter"},
		{"backtick", "a`id`", "byte 2 (\"`\")"},
		{"quotes", `a"b`, `checking crate name "a\"b": byte 2`},
		{"workflow command", "::add-mask::x", "it must begin with an ASCII letter"},
		{"workflow command on a line", "x\n::add-mask::x", `"x\n::add-mask::x"`},
		{"old workflow command", "a##[add-mask]x", `checking crate name "a#\x23[add-mask]x": byte 2`},
		{"old workflow command first", "##[error]x", `"#\x23[error]x"`},
		{"too long", strings.Repeat("a", 65), "it has 65 bytes, at most 64 are allowed"},
		{"10 MB", strings.Repeat("a", 10<<20), "it has 10485760 bytes, at most 64 are allowed"},
		{"10 MB of old workflow commands", strings.Repeat("##[x]", 2<<20), "it has 10485760 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckName(tt.in)
			wantError(t, err, tt.want)
			s := err.Error()
			if len(s) > 300 || strings.ContainsAny(s, "\n\r\x00\x1b") || strings.Contains(s, "##[") {
				t.Errorf("error %q cannot be printed on one line of a log", s)
			}
			for _, r := range s {
				if r > '~' {
					t.Errorf("error %q shows %q", s, r)
				}
			}
		})
	}
}

func TestCrateRefuses(t *testing.T) {
	many := map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"m/*\"]"}
	for c := 'a'; c <= 'z'; c++ {
		many["m/"+string(c)+"/Cargo.toml"] = pkg("crate-" + string(c))
	}
	few := map[string]string{
		"Cargo.toml":     "[workspace]\nmembers = [\"a\", \"b\"]\nexclude = [\"old\"]",
		"a/Cargo.toml":   pkg("shim-core"),
		"b/Cargo.toml":   pkg("Other"),
		"old/Cargo.toml": pkg("old-one"),
	}
	tests := []struct {
		name  string
		in    map[string]string
		crate string
		want  []string
	}{
		{"member of no workspace", few, "tokio", []string{`finding crate "tokio"`, "it has Other, shim-core"}},
		{"underscore for hyphen", few, "shim_core", []string{`finding crate "shim_core"`, `did you mean "shim-core"?`}},
		{"other case", few, "other", []string{`did you mean "Other"?`}},
		{"excluded", few, "old-one", []string{`finding crate "old-one"`, `"old" is in the workspace's `, "only members are released"}},
		{"many members", many, "x", []string{"crate-a, crate-b", "crate-t, and 6 more"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(t, tt.in).Crate(tt.crate)
			wantError(t, err, append(tt.want, ErrNotFound.Error())...)
		})
	}
	_, err := read(t, few).Crate("../a")
	wantError(t, err, `checking crate name "../a"`)
}
