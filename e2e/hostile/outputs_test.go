package hostile

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestHostileOutputs runs build scripts that replace slipway's outputs while slipway's
// environment has a secret. It checks that the secret does not leak, and that a release is
// either correct or ends in an error that leaves nothing.
func TestHostileOutputs(t *testing.T) {
	w, l := kit.Local(t)
	for _, a := range outputAttacks {
		t.Run(a.name, func(t *testing.T) {
			if testing.Short() && !a.short {
				t.Skip(slowRaces)
			}
			a.run(t, w, t.TempDir(), l.Cache)
		})
	}
}

// TestHostileOutputsDagger does the same with an engine.
func TestHostileOutputsDagger(t *testing.T) {
	w := kit.Dagger(t)
	for _, a := range outputAttacks {
		t.Run(a.name, func(t *testing.T) {
			if testing.Short() && !a.short {
				t.Skip(slowRaces)
			}
			a.wants = nil // an engine follows links inside the container before exporting
			a.run(t, w, t.TempDir(), "")
		})
	}
}

// TestHostileOutputsOrdinaryUser does the same if slipway is run by an ordinary user, whose
// sandboxes have that user's ID.
func TestHostileOutputsOrdinaryUser(t *testing.T) {
	_, l := kit.Local(t)
	w, dir, cache := asNobody(t, l)
	for _, a := range outputAttacks {
		if a.short {
			t.Run(a.name, func(t *testing.T) {
				base, err := os.MkdirTemp(dir, "case-")
				kit.Check(t, err)
				kit.Check(t, os.Chmod(base, 0o777))
				a.run(t, w, base, cache)
			})
		}
	}
}

// nobody is the user and group ID for [asNobody].
const nobody = "65534"

// asNobody returns the local runner of another user, with a directory and a cache that this
// user can access. It skips the test if the tests already run as an ordinary user.
func asNobody(t *testing.T, l *kit.Lab) (w *kit.Runner, dir, cache string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: the tests run as an ordinary user: TestHostileOutputs has done this")
	}
	drop := []string{"setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups"}
	if out, err := exec.Command(drop[0], append(drop[1:], "bwrap", "--unshare-all", "--ro-bind", "/", "/", "--", "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: ordinary users have no sandboxes on this machine: %v: %s", err, bytes.TrimSpace(out))
	}
	dir, err := os.MkdirTemp("", "slipway-e2e-ordinary-")
	kit.Check(t, err)
	t.Cleanup(func() { _ = kit.RemoveAll(dir) })
	kit.Check(t, os.Chmod(dir, 0o777))
	layout := filepath.Join(dir, "cache", "toolchain", filepath.Base(l.Layout))
	kit.Check(t, errors.Join(os.MkdirAll(filepath.Dir(layout), 0o755), kit.CopyLinks(l.Layout, layout)))
	kit.Command{Args: []string{"chmod", "-R", "a+rX", layout}}.Run(t).WantCode(t, 0)
	kit.Check(t, os.Chmod(kit.Scratch, 0o755)) // the command is in there
	cache = filepath.Join(dir, "cache")
	kit.Check(t, os.Chmod(cache, 0o777))
	w = kit.LocalWith(cache)
	w.Env = []string{"HOME=" + dir, "TMPDIR=" + dir}
	w.Prefix = drop
	return w, dir, cache
}

// run runs an attack and checks its results.
func (a outputAttack) run(t *testing.T, w *kit.Runner, dir, cache string) {
	t.Helper()
	canary := "canary-" + rand.Text()
	r := kit.Release{Source: a.workspace(t, dir), Crate: "hostile-outputs", Version: "0.1.0", Out: filepath.Join(dir, "out")}
	for _, name := range []string{"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN", "CARGO_REGISTRY_TOKEN", "INNOCENT"} {
		r.Env = append(r.Env, name+"="+canary)
	}
	got := w.Command(a.verb, r).Run(t)
	t.Logf("status %d: %.300s", got.Code, got.Message())
	if strings.Contains(got.Stdout+got.Stderr, canary) {
		t.Error("the secret was printed")
	}
	if strings.Contains(got.Stderr, "HOSTILE: ") {
		t.Errorf("the workspace says that it succeeded:\n%s", kit.Tail(got.Stderr))
	}
	wantNowhere(t, canary, r.Out)
	if cache != "" {
		wantNowhere(t, canary, filepath.Join(cache, "steps"))
		wantNowhere(t, canary, filepath.Join(cache, "tmp"))
	}
	if got.Code == 0 {
		wantOrdinaryFiles(t, r.Out)
		return
	}
	got.WantCode(t, 1).WantError(t, a.wants...)
	if m := got.Message(); !strings.Contains(m, "storing output ") && !strings.Contains(m, "exporting output ") && !strings.Contains(m, "its command ") {
		t.Errorf("it ended with the error %q", m)
	}
	if left, err := os.ReadDir(r.Out); err == nil && len(left) > 0 {
		t.Errorf("a run that failed left %v", left)
	}
}

// wantNowhere fails the test if a file below a directory contains text, even compressed.
func wantNowhere(t *testing.T, text, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
			if unpacked, err := io.ReadAll(z); err == nil {
				raw = append(raw, unpacked...)
			}
		}
		if bytes.Contains(raw, []byte(text)) {
			t.Errorf("%s holds the secret", name)
		}
		return nil
	})
	kit.Check(t, err)
}

// wantOrdinaryFiles fails the test unless a release exists, consists of regular files, and
// has the binaries that were built.
func wantOrdinaryFiles(t *testing.T, out string) {
	t.Helper()
	binaries := 0
	kit.Check(t, filepath.WalkDir(out, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			t.Errorf("%s is %v", name, e.Type())
			return nil
		}
		var content []byte
		switch {
		case strings.HasSuffix(name, ".tar.gz"):
			content = kit.Untar(t, name)[0].Content
		case e.Name() == "hostile-outputs":
			content = []byte(kit.Read(t, name))
		case strings.HasSuffix(name, ".crate"):
			if list := kit.Untar(t, name); len(list) < 4 {
				t.Errorf("%s holds %d files", name, len(list))
			}
			return nil
		default:
			return nil
		}
		binaries++
		if !bytes.HasPrefix(content, []byte("\x7fELF")) || !bytes.Contains(content, []byte("hostile-outputs 0.1.0")) {
			t.Errorf("%s is not what was built: it begins %.60q", name, content)
		}
		return nil
	}))
	if binaries != 2 {
		t.Errorf("%d binaries, expected one for each target", binaries)
	}
}
