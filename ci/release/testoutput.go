package release

import (
	"fmt"
	"regexp"
	"strings"
)

// testProgram is what one test executable, or the documentation tests of a crate, printed.
type testProgram struct {
	Name string // as cargo calls it: "tests/one.rs", "unittests src/lib.rs", "doc-tests one"
	Text string
	// Failed says that cargo called it failed, which happens with --no-fail-fast right
	// behind what it printed.
	Failed bool
}

// Lines by which cargo parts its tests (cargo 1.96, without colours).
var (
	runningLine = regexp.MustCompile(`^ +Running ((?:unittests )?[^` + "`" + `].*) \(.+\)\r?$`)
	doctestLine = regexp.MustCompile(`^ +Doc-tests (\S+)\r?$`)
	failedLine  = regexp.MustCompile(`^error: (?:test|doctest|bench) failed, to rerun pass `)
	failedList  = regexp.MustCompile(`^error: \d+ targets? failed:`)
)

// testPrograms parts the output of `cargo test`, both streams in order. What is before
// the first program (the compiler's messages) and behind the last (cargo's list of what
// failed) belongs to none.
func testPrograms(output string) []testProgram {
	var list []testProgram
	var text strings.Builder
	end := func() {
		if len(list) > 0 {
			list[len(list)-1].Text = text.String()
		}
		text.Reset()
	}
	for line := range strings.Lines(output) {
		plain := strings.TrimSuffix(line, "\n")
		if m := runningLine.FindStringSubmatch(plain); m != nil {
			end()
			list = append(list, testProgram{Name: m[1]})
			continue
		}
		if m := doctestLine.FindStringSubmatch(plain); m != nil {
			end()
			list = append(list, testProgram{Name: "doc-tests " + m[1]})
			continue
		}
		if failedList.MatchString(plain) {
			break
		}
		if len(list) > 0 && failedLine.MatchString(plain) {
			list[len(list)-1].Failed = true
		}
		text.WriteString(line)
	}
	end()
	return list
}

// What a person sees of tests that failed: so much of each program, of so many programs.
const (
	maxExcerpt  = 6 << 10
	maxExcerpts = 8
)

// failedTests is what the programs that failed printed of their failures, however much
// other programs printed after them; "" where no program failed.
func failedTests(output string) string {
	var b strings.Builder
	n := 0
	for _, p := range testPrograms(output) {
		if !p.Failed {
			continue
		}
		if n++; n > maxExcerpts {
			b.WriteString(p.Name + " failed\n")
			continue
		}
		b.WriteString(p.Name + " failed:\n" + excerpt(p.Text) + "\n\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// excerpt is a program's report of its failures, as libtest writes it: from the first line
// "failures:" on, with what each test printed, to the names. Of another harness, or where
// tests were not captured, it is the end of what was printed.
func excerpt(text string) string {
	text = strings.Trim(text, "\n")
	if i := strings.Index("\n"+text, "\nfailures:\n"); i >= 0 && strings.Contains(text[i:], "\n---- ") {
		return shortened(text[i:], maxExcerpt/2)
	}
	return shortened(text, 0)
}

// shortened keeps of a text so many bytes of its beginning, and of its end what more there
// is room for, in whole lines where it has some.
func shortened(text string, begin int) string {
	if len(text) <= maxExcerpt {
		return text
	}
	head, tail := text[:begin], text[len(text)-(maxExcerpt-begin):]
	if i := strings.LastIndexByte(head, '\n'); i >= 0 {
		head = head[:i+1]
	}
	if i := strings.IndexByte(tail, '\n'); i >= 0 && i < len(tail)-1 {
		tail = tail[i+1:]
	}
	return fmt.Sprintf("%s[… %d bytes left out …]\n%s", head, len(text)-len(head)-len(tail), tail)
}
