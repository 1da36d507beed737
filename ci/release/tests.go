package release

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/step"
)

// Tests is what `cargo test` ran for one target.
type Tests struct {
	Target   string `json:"target"`
	How      string `json:"how"` // as the plan says: natively, emulated by …
	Passed   int    `json:"passed"`
	Ignored  int    `json:"ignored"`
	Binaries int    `json:"binaries"` // test executables and doctest groups that ran
	Cached   bool   `json:"cached"`   // the result of an earlier run on the same inputs
}

// resultLine is libtest's closing line of one executable. A failed run ends
// the step, so only passed ones are read here.
var resultLine = regexp.MustCompile(`^test result: ok\. (\d+) passed; 0 failed; (\d+) ignored; \d+ measured; \d+ filtered out`)

func readTests(target string, s step.Step, r step.Result) Tests {
	t := Tests{Target: target, How: strings.TrimPrefix(s.About, "run the crate's tests, "), Cached: r.Cached}
	for line := range strings.Lines(r.Stdout) {
		m := resultLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		passed, err1 := strconv.Atoi(m[1])
		ignored, err2 := strconv.Atoi(m[2])
		if err1 == nil && err2 == nil {
			t.Passed += passed
			t.Ignored += ignored
			t.Binaries++
		}
	}
	return t
}

// String says what was tested. Tests that did not run are never called passed.
func (t Tests) String() string {
	from := ""
	if t.Cached {
		from = ", from an earlier run on the same inputs"
	}
	if t.Passed == 0 {
		return fmt.Sprintf("%s: NO TEST RAN (%d ignored), %s%s", t.Target, t.Ignored, t.How, from)
	}
	return fmt.Sprintf("%s: %d passed, %d ignored, %s%s", t.Target, t.Passed, t.Ignored, t.How, from)
}

var (
	releaseLine = regexp.MustCompile(`(?m)^release: ([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]{0,64})$`)
	commitLine  = regexp.MustCompile(`(?m)^commit-hash: ([0-9a-f]{40})$`)
)

// rustRelease reads the release, and the commit where it is known, out of
// `rustc --version --verbose`.
func rustRelease(output string) (sbom.Rust, error) {
	m := releaseLine.FindStringSubmatch(output)
	if m == nil {
		return sbom.Rust{}, fmt.Errorf("reading `rustc --version --verbose`: no line \"release: …\" in %q", output)
	}
	rust := sbom.Rust{Release: m[1]}
	if c := commitLine.FindStringSubmatch(output); c != nil {
		rust.Commit = c[1]
	}
	return rust, nil
}
