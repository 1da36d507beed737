package sigstack

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/cosign"
)

// start starts a stack for a test.
func start(t *testing.T) *Stack {
	t.Helper()
	s, err := Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Logf("the servers' log:\n%s", log)
		}
	})
	return s
}

// token returns a token with overrides.
func token(t *testing.T, s *Stack, overrides Claims) string {
	t.Helper()
	token, err := s.Token(overrides)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// judge runs cosign in a directory with a minimal environment: env, and no access to a
// public Sigstore.
type judge struct {
	path, dir string
	env       []string
}

func newJudge(t *testing.T, major int, env []string) judge {
	t.Helper()
	path, err := cosign.Command(major)
	if err != nil {
		t.Fatal(err)
	}
	base := []string{"HOME=" + t.TempDir(), "PATH=/nonexistent", "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1"}
	return judge{path, t.TempDir(), append(base, env...)}
}

// run returns the command's output. It fails after a minute.
func (j judge) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, j.path, args...)
	cmd.Dir, cmd.Env = j.dir, j.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs a command that must succeed, and returns its output.
func (j judge) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := j.run(args...)
	if err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// write writes a file in the directory.
func (j judge) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(j.dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read returns the content of a file in the directory.
func (j judge) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(j.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(content)
}
