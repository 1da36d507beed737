package release

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/reproduce"
	"dagger/slipway/ci/verify"
)

// TestReproduceCompares compares the artifacts of a dry run with themselves, and with modified
// ones. The claims in a dry run's provenance are not authenticated, and not compared.
func TestReproduceCompares(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, dir string, r *runner)
		want   map[string]string // expected result by artifact; all others are the same, or verified
	}{
		{"nothing", func(*testing.T, string, *runner) {}, nil},
		{
			"a document", func(t *testing.T, dir string, _ *runner) { put(t, dir, "app-x86_64-linux-musl.cdx.json", "{}\n") },
			map[string]string{"app-x86_64-linux-musl.cdx.json": "differs", "app-x86_64-linux-musl.cdx.sigstore.json": "differs"},
		},
		{
			"no tarball", func(t *testing.T, dir string, _ *runner) { put(t, dir, "app-x86_64-linux-musl.tar.gz", "none") },
			map[string]string{
				"app-x86_64-linux-musl.tar.gz": "it is not a tarball of a release", "SHA256SUMS": "differs", `"app-x86_64-linux-musl.tar.gz", as it is signed`: "differs",
			},
		},
		{"checksums", func(t *testing.T, dir string, _ *runner) { put(t, dir, "SHA256SUMS", "none\n") }, map[string]string{
			"SHA256SUMS": "first at byte", `"SHA256SUMS", as it is signed`: "it is not the file that was released",
			`"app-x86_64-linux-musl.tar.gz", as it is signed`: "is not a checksum line", `"app-aarch64-linux-musl.tar.gz", as it is signed`: "is not a checksum line",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rel, r := newRelease(t)
			work := t.TempDir()
			rel.Out = filepath.Join(work, "released")
			if _, err := rel.DryRun(t.Context()); err != nil {
				t.Fatal(err)
			}
			tt.change(t, rel.Out, r)
			r.ran = nil
			again := &reproduce.Again{Crate: *begin(t, rel).crates[0].made, From: reproduce.Published{Expect: verify.Expectation{DryRun: true}}}
			report, err := again.Compare(t.Context(), work)
			if err != nil {
				t.Fatal(err)
			}
			wantChecks(t, report, tt.want)
			for _, name := range r.ran {
				if strings.HasPrefix(name, "test ") {
					t.Errorf("step %q ran", name)
				}
			}
		})
	}
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wantChecks checks that a report has the wanted results, and no other differences.
func wantChecks(t *testing.T, r *reproduce.Report, want map[string]string) {
	t.Helper()
	said := map[string]string{}
	for _, c := range r.Checks {
		if said[c.Artifact] = string(c.Verdict); c.Difference != nil {
			said[c.Artifact] += ": " + c.Difference.String()
		}
		said[c.Artifact] += " " + c.What
		if c.Verdict != reproduce.Same && c.Verdict != reproduce.Verified && want[c.Artifact] == "" && !strings.HasSuffix(c.Artifact, ", what it says") {
			t.Errorf("%s: %s", c.Artifact, said[c.Artifact])
		}
	}
	for artifact, text := range want {
		if !strings.Contains(said[artifact], text) {
			t.Errorf("of %s it says %q, expected %q", artifact, said[artifact], text)
		}
	}
}
