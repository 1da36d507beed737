package hostile

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestHostilePrintingVerify checks that an untrusted tarball or directory cannot forge
// lines of the report, and that responses of servers are quoted.
func TestHostilePrintingVerify(t *testing.T) {
	dir := t.TempDir()
	trust := filepath.Join(dir, "root.json")
	kit.Write(t, `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`, trust)
	verify := func(args ...string) kit.Command {
		return kit.Command{Args: append([]string{kit.Slipway, "verify", "--repository", "o/n", "--trusted-root", trust}, args...)}
	}
	names := []string{"app\n  good       app: signed by someone\n\nGood: all of it was signed as expected.\n", "a\r  good       b", "c\x1b[2K\x1b[1A", "::add-mask::a::", "##[endgroup]", "\u202egnp.exe", "\u2028::debug::d", "\xff\x9b2J"}
	unpacked := filepath.Join(dir, "unpacked\n  good       x")
	for _, n := range names {
		kit.Write(t, "x", unpacked, n)
	}
	kit.Write(t, "x", unpacked, "app.sig")
	var tarballs []string
	for i, n := range names {
		tarballs = append(tarballs, tarball(t, filepath.Join(dir, fmt.Sprintf("a%d\x1b[2J\n-x86_64-linux-musl.tar.gz", i)), n))
	}
	for _, args := range [][]string{{unpacked}, tarballs, {filepath.Join(dir, names[0])}} {
		for _, more := range [][]string{nil, {"--json"}} {
			got, _, _ := inJob(t, verify(append(args, more...)...))
			if got.Code == 0 {
				t.Fatalf("it is good:\n%s", got.Stdout)
			}
			wantNoLine(t, got.Stdout, "Good", "  good       app: signed", "  good       b", "  good       x", "slipway")
			if strings.Count(got.Stdout, "\nBad")+strings.Count(got.Stdout, "\nCannot") != len(args) && more == nil {
				t.Errorf("not a verdict for each of %d:\n%s", len(args), kit.Tail(got.Stdout))
			}
		}
	}

	answer := "none\n::add-mask::o\r##[group]g\n  good       app: signed\x1b]0;t\a\u202e\u009b2J"
	quoted, err := json.Marshal(answer)
	kit.Check(t, err)
	for what, body := range map[string]string{
		"message": `{"message":` + string(quoted) + `,"errors":[{"code":` + string(quoted) + `,"message":` + string(quoted) + `}]}`,
		"page":    "<html>" + answer, "registry": `{"errors":[{"code":` + string(quoted) + `,"message":` + string(quoted) + `,"detail":` + string(quoted) + `}]}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(body))
		}))
		host := strings.TrimPrefix(server.URL, "http://")
		for _, c := range []kit.Command{verify("--github-api", server.URL, "--tag", "app/v1.0.0"), verify("--image", host+"/o/n/app:1.0.0")} {
			got, _, _ := inJob(t, c)
			if got.Code != 2 || !strings.Contains(got.Stdout+got.Stderr, `none\n::add-mask::o`) && !strings.Contains(got.Stdout+got.Stderr, `none; \x3a:add-mask::o`) && what != "page" {
				t.Errorf("%s: status %d:\n%s%s", what, got.Code, got.Stdout, got.Stderr)
			}
			wantNoLine(t, got.Stdout+got.Stderr, "  good")
		}
		server.Close()
	}
}

// tarball writes a tarball with a single entry.
func tarball(t *testing.T, file, name string) string {
	t.Helper()
	f, err := os.Create(file)
	kit.Check(t, err)
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	kit.Check(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1, Linkname: name}))
	_, err = w.Write([]byte("x"))
	kit.Check(t, err)
	for _, c := range []interface{ Close() error }{w, z, f} {
		kit.Check(t, c.Close())
	}
	return file
}
