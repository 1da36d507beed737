package version

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestParseAccepts(t *testing.T) {
	tests := []struct {
		in         string
		prerelease string
	}{
		{"0.0.0", ""},
		{"1.2.3", ""},
		{"18446744073709551615.0.0", ""},
		{"1.0.0-pre", "pre"},
		{"1.0.0-0", "0"},
		{"1.0.0--", "-"},
		{"1.0.0-rc.1", "rc.1"},
		{"1.0.0-01a", "01a"},
		{"1.0.0-alpha-1.18446744073709551615", "alpha-1.18446744073709551615"},
		{"1.0.0-20260401120000", "20260401120000"},
		{"1.0.0-99999999999999999999x", "99999999999999999999x"},
		{"1.0.0-lock", "lock"},
		{"0.4.83+curl-8.15.0", ""},
		{"1.0.0-rc.1+b.001", "rc.1"},
		{"1.0.0+99999999999999999999999", ""},
		{"1.0.0-" + strings.Repeat("a", 122), strings.Repeat("a", 122)},
	}
	for _, tt := range tests {
		v, err := Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if v.String() != tt.in || v.ImageTag() != strings.Replace(tt.in, "+", "_", 1) {
			t.Errorf("Parse(%q): String %q, ImageTag %q", tt.in, v.String(), v.ImageTag())
		}
		if v.Prerelease() != tt.prerelease || v.IsPrerelease() != (tt.prerelease != "") {
			t.Errorf("Parse(%q): Prerelease %q, IsPrerelease %t", tt.in, v.Prerelease(), v.IsPrerelease())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const form = "expected MAJOR.MINOR.PATCH"
	tests := []struct {
		name, in, want string
	}{
		{"empty", "", `reading version "": it is empty`},
		{"not dots", "1x2", form},
		{"one number", "1", form},
		{"two numbers", "1.2", form},
		{"four numbers", "1.2.3.4", form},
		{"empty number", "1..3", form},
		{"last number missing", "1.2.", form},
		{"leading v", "v1.2.3", `reading version "v1.2.3": a version has no leading v, only its tag does; leave out the v`},
		{"leading V", "V1.2.3", "leave out the v"},
		{"only a v", "v", form},
		{"leading zero in major", "01.2.3", "starts with 0"},
		{"leading zero in minor", "1.02.3", "starts with 0"},
		{"leading zero in patch", "1.2.03", "starts with 0"},
		{"leading zero in prerelease", "1.2.3-01", "starts with 0"},
		{"leading zero inside a prerelease", "1.2.3-rc.01", "starts with 0"},
		{"empty prerelease", "1.2.3-", "invalid prerelease"},
		{"empty identifier", "1.2.3-a..b", "invalid prerelease"},
		{"prerelease ends in a dot", "1.2.3-a.", "invalid prerelease"},
		{"empty build metadata", "1.0.0+", "invalid metadata"},
		{"empty identifier of build metadata", "1.0.0+a..b", "invalid metadata"},
		{"two build metadata", "1.0.0+a+b", "invalid metadata"},
		{"underscore in build metadata", "1.0.0+a_b", "invalid metadata"},
		{"build metadata ends in .lock", "1.0.0+a.lock", "no git tag can end in .lock"},
		{"git ref ends in .lock", "1.0.0-rc.lock", "no git tag can end in .lock"},
		{"30 digits in major", strings.Repeat("9", 30) + ".0.0", `the number "999999999999999999999999999999" is over 18446744073709551615`},
		{"one over u64 in patch", "0.0.18446744073709551616", `the number "18446744073709551616" is over`},
		{"30 digits in prerelease", "1.0.0-rc." + strings.Repeat("9", 30), "is over 18446744073709551615"},
		{"negative", "-1.2.3", form},
		{"hexadecimal", "0x1.2.3", form},
		{"exponent", "1e3.0.0", form},
		{"underscore", "1_0.0.0", form},
		{"wildcard", "1.2.*", form},
		{"requirement", "^1.2.3", form},
		{"comparison", ">=1.2.3", form},
		{"option", "--version", form},
		{"path", "1.2.3/../../x", form},
		{"path in prerelease", "1.2.3-../x", "invalid prerelease"},
		{"git ref syntax", "1.2.3-a@{1}", "invalid prerelease"},
		{"shell command", "1.2; rm -rf", form},
		{"shell command after a version", "1.2.3; rm -rf /", form},
		{"command substitution", "$(id)", form},
		{"command substitution in prerelease", "1.2.3-$(id)", "invalid prerelease"},
		{"backticks", "1.2.3-`id`", "invalid prerelease"},
		{"single quote", "1.2.3-'", "invalid prerelease"},
		{"double quote", `1.2.3-"`, `reading version "1.2.3-\"": invalid prerelease`},
		{"template", "${{ secrets.TOKEN }}", form},
		{"leading space", " 1.2.3", form},
		{"trailing space", "1.2.3 ", form},
		{"trailing newline", "1.2.3\n", `reading version "1.2.3\n"`},
		{"carriage return", "1.2.3\r", `reading version "1.2.3\r"`},
		{"newline and workflow command", "1.2.3\n::add-mask::1", `reading version "1.2.3\n::add-mask::1"`},
		{"workflow command", "::add-mask::", form},
		{"old workflow command", "##[add-mask]1", `reading version "#\x23[add-mask]1"`},
		{"terminal escape", "1.2.3\x1b[2J", `reading version "1.2.3\x1b[2J"`},
		{"NUL", "1.2.3\x00", `reading version "1.2.3\x00"`},
		{"DEL", "1.2.3\x7f", `reading version "1.2.3\x7f": invalid`},
		{"Cyrillic look-alike", "1.2.3-\u0430lpha", `reading version "1.2.3-\u0430lpha": it has a character outside ASCII`},
		{"full-width digits", "\uff11.2.3", "outside ASCII"},
		{"Arabic digits", "\u0661.2.3", "outside ASCII"},
		{"zero-width space", "1.2.3\u200b", "outside ASCII"},
		{"right-to-left override", "1.2.3\u202e", `"1.2.3\u202e"`},
		{"byte order mark", "\ufeff1.2.3", "outside ASCII"},
		{"invalid UTF-8", "1.2.3-\xff", "outside ASCII"},
		{"one byte too long", "1.0.0-" + strings.Repeat("a", 123), `... (129 bytes): it is 129 bytes long, but an image tag holds 128`},
		{"10 MB", strings.Repeat("1", 10<<20), `... (10485760 bytes): it is 10485760 bytes long`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Parse(tt.in)
			if err == nil {
				t.Fatalf("Parse gave %q, want an error", v)
			}
			if v != (Version{}) {
				t.Errorf("Parse gave %q beside its error", v)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			checkOneLine(t, err)
		})
	}
}

// checkOneLine fails the test unless err can be printed to a terminal or an Actions log.
func checkOneLine(t *testing.T, err error) {
	t.Helper()
	if s := err.Error(); len(s) > 400 || strings.Contains(s, "##[") || strings.Trim(s, printable) != "" {
		t.Errorf("error of %d bytes is not one short printable line: %.400q", len(s), s)
	}
}

var printable = func() string {
	var b strings.Builder
	for c := byte(' '); c <= '~'; c++ {
		b.WriteByte(c)
	}
	return b.String()
}()

// TestCompare compares the examples of SemVer 2.0.0, section 11, and more.
func TestCompare(t *testing.T) {
	ascending := []string{
		"0.0.0-0", "0.0.0", "0.0.9", "0.0.10", "0.9.0", "0.10.0", "1.0.0-0", "1.0.0-2", "1.0.0-10",
		"1.0.0-9223372036854775808", "1.0.0-18446744073709551615", "1.0.0--1", "1.0.0-0a", "1.0.0-RC",
		"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.1.0", "1.0.0-alpha.beta", "1.0.0-alpha-1", "1.0.0-beta",
		"1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "18446744073709551615.0.0",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := parse(t, a).Compare(parse(t, b)); got != want {
				t.Errorf("%s compared with %s: %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestLatest(t *testing.T) {
	tests := []struct {
		v        string
		existing []string
		want     bool
	}{
		{"1.0.0", nil, true},
		{"0.1.0", []string{"0.0.9", "0.0.10"}, true},
		{"1.0.0-rc.1", nil, false},
		{"2.0.0-pre", []string{"1.0.0"}, false},
		{"1.0.1", []string{"1.0.0", "1.1.0"}, false},
		{"1.9.0", []string{"1.10.0"}, false},
		{"1.0.0", []string{"2.0.0-alpha", "0.9.0"}, true},
		{"1.0.0", []string{"1.0.0"}, true},
	}
	for _, tt := range tests {
		var existing []Version
		for _, s := range tt.existing {
			existing = append(existing, parse(t, s))
		}
		if got := Latest(parse(t, tt.v), existing); got != tt.want {
			t.Errorf("Latest(%s, %v) = %t", tt.v, tt.existing, got)
		}
	}
}

// FuzzParse checks that String returns exactly what Parse accepted, that tags made from it are
// valid, and that errors can be printed.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.2.3", "1.2.3-rc.1", "v1.2.3", "1.2.3-01", "1.0.0+b", "1.0.0-a.lock", "##[x]", "\x00\u202e"} {
		f.Add(s)
	}
	imageTag := regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err != nil {
			checkOneLine(t, err)
			return
		}
		if v.String() != s {
			t.Errorf("Parse(%q) is written %q", s, v)
		}
		if !imageTag.MatchString(v.ImageTag()) {
			t.Errorf("%q is no image tag", v.ImageTag())
		}
		crate, again, err := ParseTag(v.Tag("a-b"))
		if err != nil || crate != "a-b" || again != v || again.Compare(v) != 0 {
			t.Errorf("ParseTag(%q) = %q, %q, %v", v.Tag("a-b"), crate, again, err)
		}
		if slices.ContainsFunc([]string{"..", "@{", "//"}, func(bad string) bool { return strings.Contains(s, bad) }) {
			t.Errorf("%q cannot be in a git ref", s)
		}
	})
}

func parse(t *testing.T, s string) Version {
	t.Helper()
	v, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
