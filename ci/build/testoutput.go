package build

import (
	"fmt"
	"regexp"
	"strings"
)

// testProgram is the output of one test executable, or of a crate's documentation tests.
type testProgram struct {
	Name string // as cargo prints it: "tests/one.rs", "unittests src/lib.rs", "doc-tests one"
	Text string
	// Failed means that cargo reported it as failed. With --no-fail-fast cargo does so right
	// after the program's output.
	Failed bool
}

// Lines by which cargo separates the output of its tests (cargo 1.96, without colors).
var (
	runningLine = regexp.MustCompile(`^ +Running ((?:unittests )?[^` + "`" + `].*) \(.+\)\r?$`)
	doctestLine = regexp.MustCompile(`^ +Doc-tests (\S+)\r?$`)
	failedLine  = regexp.MustCompile(`^error: (?:test|doctest|bench) failed, to rerun pass `)
	failedList  = regexp.MustCompile(`^error: \d+ targets? failed:`)
)

// testPrograms splits the output of `cargo test`, in which both streams are in order, by test
// program. What precedes the first program (the compiler's messages) or follows the last
// (cargo's list of failures) is left out.
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

// Limits for the output of failed tests in an error: bytes per program, and number of programs.
const (
	maxExcerpt  = 6 << 10
	maxExcerpts = 8
)

// failedTests returns what the failed programs printed about their failures, even if others
// printed more after them. It returns "" if no program failed.
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

// excerpt returns a program's report of its failures as written by libtest: from the first line
// "failures:", with the output of each failed test, to the list of names. For another harness,
// or if the output was not captured, it returns the end of the output.
func excerpt(text string) string {
	text = strings.Trim(text, "\n")
	if i := strings.Index("\n"+text, "\nfailures:\n"); i >= 0 && strings.Contains(text[i:], "\n---- ") {
		return shortened(text[i:], maxExcerpt/2)
	}
	return shortened(text, 0)
}

// shortened keeps the first begin bytes of a text and as much of its end as maxExcerpt allows,
// cut at line breaks if there are any.
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
