package reproduce

import (
	"strings"
	"testing"

	"dagger/slipway/ci/golden"
)

// newReport returns a report without checks.
func newReport() *Report {
	return &Report{Tag: "app/v1.2.3", Commit: "0123456789abcdef0123456789abcdef01234567", Plan: "sha256:01", Toolchain: "rust:1.96.0", Rust: "1.96.0", Signed: true}
}

func TestReport(t *testing.T) {
	r := newReport()
	a, b := files(t, []byte("same"), []byte("same"))
	r.Compare("SHA256SUMS", a, b)
	r.Note("app-1.2.3.crate", SameFiles, "but for Cargo.lock")
	r.Note("app.provenance.sigstore.json", Verified, "")
	if r.Verdict != Same {
		t.Errorf("the verdict is %q", r.Verdict)
	}
	golden.Compare(t, "same.txt", r.Text())
	r.Signed = false
	if strings.Contains(r.Text(), "signature") {
		t.Errorf("the report of a library speaks of signatures:\n%s", r.Text())
	}
	r.Signed = true
	r.Compare("gone", a+"x", b)
	if r.Verdict != Unknown {
		t.Errorf("the verdict is %q", r.Verdict)
	}
	r.Checks[len(r.Checks)-1].What = "it is not there"
	golden.Compare(t, "unknown.txt", r.Text())
	c, d := files(t, []byte("released"), []byte("rebuilt"))
	r.Compare("app.cdx.json", c, d)
	r.Add(Check{Artifact: "x86_64-unknown-linux-musl/app", Verdict: Differs, Difference: &Difference{Offset: 4711, Released: 9000, Rebuilt: 9001, Sections: []string{".text", ".rodata"}}, What: "more"})
	r.Kept = []string{"build x86_64-unknown-linux-musl", "package"}
	r.Reasons = []string{"toolchain: the provenance says one, and here it is another"}
	r.Note("last", Same, "")
	if r.Verdict != Differs {
		t.Errorf("the verdict is %q", r.Verdict)
	}
	golden.Compare(t, "differs.txt", r.Text())
	raw, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "differs.json", string(raw))
}

// TestReportForged checks that no name, reason or error adds a line to a report.
func TestReportForged(t *testing.T) {
	const evil = "x\n  same bytes        app.tar.gz\n\nThe same: what users download is what this source gives\x1b[2K"
	r := &Report{Tag: evil, Commit: evil, Plan: evil, Toolchain: evil, Rust: evil, Kept: []string{evil}, Reasons: []string{evil}}
	r.Note(evil, Differs, "%s", evil)
	want := strings.Count((&Report{Kept: []string{"a"}, Reasons: []string{"a"}, Checks: []Check{{}}, Verdict: Differs}).Text(), "\n")
	text := r.Text()
	if got := strings.Count(text, "\n"); got != want || strings.Contains(text, "\n  same bytes") || strings.Contains(text, "\nThe same") || strings.Contains(text, "\x1b") {
		t.Errorf("%d lines, expected %d:\n%q", got, want, text)
	}
}
