package console

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestMarkdown(t *testing.T) {
	tests := []struct{ in, want string }{
		{"shim-demo-x86_64-linux-musl.tar.gz", "shim-demo-x86_64-linux-musl.tar.gz"},
		{`create a draft of GitHub release "app/v1.2.3"`, `create a draft of GitHub release "app/v1.2.3"`},
		{"a|b", `a\|b`},
		{"a\n\n# b", `a\\n\\n\# b`},
		{"<img src=x>", `\<img src=x\>`},
		{"![a](https://x.io/a)", `\!\[a\](https:\//x.io/a)`},
		{"www.x.io", `www\.x.io`},
		{"_a_ __b__ a_b", `\_a\_ \_\_b\_\_ a_b`},
		{"- a", `\- a`},
		{"&lt;b&gt;", `\&lt;b\&gt;`},
		{"a\x1b[2J\u202e", `a\\x1b\[2J\\u202e`},
	}
	for _, tt := range tests {
		if got := Markdown(tt.in); got != tt.want {
			t.Errorf("Markdown(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"sha256:11": "`sha256:11`", "": "", "a`b": "`` a`b ``", "``": "``` `` ```", "a|b": "`a\\|b`", "a\nb": "`a\\nb`", "a\x1bb": "`a\\x1bb`",
	} {
		if got := Code(in); got != want {
			t.Errorf("Code(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestLink(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/o/n/releases/tag/a%2Fv1": "<https://github.com/o/n/releases/tag/a%2Fv1>",
		"http://127.0.0.1:80/a":                      "<http://127.0.0.1:80/a>",
		"javascript:alert(1)":                        "`javascript:alert(1)`",
		"https:a":                                    "`https:a`",
		"https://a.b/>x<img src=y>":                  "`https://a.b/>x<img src=y>`",
		"https://a.b/\n# c":                          "`https://a.b/\\n# c`",
		"https://a.b/|c":                             "`https://a.b/\\|c`",
		"https://a.b/\u202ec":                        "`https://a.b/\\u202ec`",
		"":                                           "",
	} {
		if got := Link(in); got != want {
			t.Errorf("Link(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestFence(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\n":                   "```text\na\nb\n```\n",
		"```\n<img src=x>\n````\n": "`````text\n```\n<img src=x>\n````\n`````\n",
		"a\r```\x1b[0m":            "````text\na\n```\\x1b[0m\n````\n",
	} {
		if got := string(Fence("text", in)); got != want {
			t.Errorf("Fence(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLabel(t *testing.T) {
	got := Label("a\"]", "click n0 href \"javascript:x\"\u202e %%{init: {}}%% <b>`c` #lt;\\", "d\ne")
	want := `a#quot;]<br>click n0 href #quot;javascript:x#quot;#92;u202e #37;#37;#123;init: #123;#125;#125;#37;#37; #lt;b#gt;'c' #35;lt#59;#92;<br>d#92;ne`
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// words lists hostile values for a summary.
var words = []string{
	"<img src=https://x.io/a.png>", "<script>x</script>", "<!-- a", "</details>", "<a href=x>y</a>", "<https://x.io>", "<a@x.io>", "<?a?>", "<![CDATA[a]]>",
	"![a](https://x.io/a.png)", "[a](https://x.io)", "[a][b]\n\n[b]: https://x.io", "[a]", "https://x.io", "http://x.io", "ftp://x.io", "HTTPS://X.IO/a", "www.x.io", "WWW.x.io",
	"(www.x.io)", "a|www.x.io", "x|y|z", "a\\|b", "|", "\\", "\\\\|", "`a`", "``", "`", "a`b|c`", "~~a~~", "*a* **b** _c_ __d__", "a*b*c", "# a", "a\n# b", "- a", "+ a", "* a", "> a", "1. a", "1) a",
	"a\n---", "===", "```", "~~~", "```\n</details>\n<img src=x>", "    code", "\tcode", "&lt;img&gt;", "&#x3c;img&#x3e;", "- [ ] a", "$a$", "a  \nb", "\u00a0# a", "[^1]", ":smile:", "\\<img src=x>", "\\`<img src=x>`", "a\r\n\r\n<img src=x>",
	"![a\\](https://x.io/a.png)", "[a]\\(x)", "!\u200b[a](x)", "\u202e<img src=x>", "\x00<img>", "\xff<img src=x>",
}

// TestRendered checks with cmark-gfm, on which GitHub's renderer is based, that hostile
// values render as nothing but text and code, wherever they are in a summary.
func TestRendered(t *testing.T) {
	if _, err := exec.LookPath("cmark-gfm"); err != nil {
		t.Skipf("SKIPPED: no renderer to ask: %v: install cmark-gfm", err)
	}
	places := map[string]func(string) string{
		"heading":      func(s string) string { return "## Dry run of " + Markdown(s) + "\n\nend\n" },
		"list":         func(s string) string { return "1. " + Markdown(s) + "\n2. end\n" },
		"quote":        func(s string) string { return "> " + Markdown(s) + "\n\nend\n" },
		"cell":         func(s string) string { return "| a | b |\n| --- | --- |\n| " + Markdown(s) + " | end |\n" },
		"code in cell": func(s string) string { return "| a | b |\n| --- | --- |\n| " + Code(s) + " | end |\n" },
		"code":         func(s string) string { return "Plan " + Code(s) + "\n\nend\n" },
		"link":         func(s string) string { return Link("x"+s) + "\n\nend\n" },
		"block":        func(s string) string { return string(Fence("text", s)) + "\nend\n" },
		"picture":      func(s string) string { return "```mermaid\n a[\"" + Label(s) + "\"]\n```\n\nend\n" },
	}
	// The elements of the frames above, and lists and quotes inside them, which are harmless.
	allowed := regexp.MustCompile(`^</?(h2|p|ol|ul|li|blockquote|table|thead|tbody|tr|th|td|code|pre)( lang="(text|mermaid)"| start="\d+")?( /)?>$`)
	element := regexp.MustCompile(`<[^>]*>`)
	for place, frame := range places {
		for _, s := range words {
			in := frame(s)
			cmd := exec.Command("cmark-gfm", "--unsafe", "--github-pre-lang", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist", "-e", "footnotes")
			cmd.Stdin = strings.NewReader(in)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range element.FindAllString(string(out), -1) {
				mail := strings.HasPrefix(e, `<a href="mailto:`) || e == "</a>" && strings.Contains(string(out), `<a href="mailto:`)
				if !allowed.MatchString(e) && !mail { // an address becomes a link to itself, which cannot be prevented
					t.Errorf("%s: %q becomes %s in\n%s", place, s, e, out)
				}
			}
			if !regexp.MustCompile(`<(p|li|td)>end</(p|li|td)>\s*(</\w+>\s*)*$`).Match(out) || strings.Count(string(out), "<td>") > 2 || strings.Count(string(out), "<h2>") > 1 {
				t.Errorf("%s: %q changes what is around it:\n%s", place, s, out)
			}
		}
	}
}
