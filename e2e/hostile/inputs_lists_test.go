package hostile

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// TestHostileInputsSignal checks that the first signal ends any subcommand, whatever it is
// reading: git blocks on a .gitignore that is a FIFO, slipway on a key that is one.
func TestHostileInputsSignal(t *testing.T) {
	source := kit.Example(t)
	kit.InitRepository(t, source, "main")
	key := filepath.Join(t.TempDir(), "key")
	kit.Check(t, syscall.Mkfifo(key, 0o644))
	blocked := kit.Example(t)
	kit.InitRepository(t, blocked, "main")
	kit.Check(t, syscall.Mkfifo(filepath.Join(blocked, "crates", ".gitignore"), 0o644))
	for name, args := range map[string][]string{
		"a key":          {"release-crate", "--source", source, "--crate", "shim-demo", "--version", "0.1.0", "--dry-run=false", "--repository", "a/b", "--key", key},
		"a trusted root": {"verify", "--repository", "a/b", "--trusted-root", key, source},
		"a .gitignore":   planOf(blocked),
	} {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(name+" "+signal.String(), func(t *testing.T) {
				p := kit.Command{Args: append([]string{kit.Slipway}, args...)}.Start(t)
				time.Sleep(time.Second)
				select {
				case err := <-p.End:
					t.Fatalf("it did not block: %v\n%s", err, p.Out.String())
				default:
				}
				kit.Check(t, p.Process.Signal(signal))
				select {
				case <-p.End:
				case <-time.After(5 * time.Second):
					t.Fatal("it goes on after the first signal")
				}
				if !strings.Contains(p.Out.String(), "interrupted") {
					t.Errorf("it says %q", p.Out.String())
				}
			})
		}
	}
}

// TestHostileInputsLists checks that an empty list never means everything.
func TestHostileInputsLists(t *testing.T) {
	source := kit.Example(t)
	for _, args := range [][]string{
		{"release-train", "--source", source, "--plan", "--crates", ""},
		{"release-train", "--source", source, "--plan", "--crates="},
		{"release-train", "--source", source, "--plan", "--crates", "shimkit,"},
		{"release-train", "--source", source, "--plan", "--crates", "shimkit", "--initial-release", ""},
		{"release-demo-app", "--source", source, "--version", "0.1.0", "--plan", "--image", ""},
		{"release-order", "--source", source, "--crate", ""},
	} {
		got := kit.Command{Args: append([]string{kit.Slipway}, args...)}.Run(t).WantCode(t, 1)
		flag, _, _ := strings.Cut(args[len(args)-1], "=")
		if !strings.HasPrefix(flag, "--") {
			flag = args[len(args)-2]
		}
		got.WantError(t, flag, "empty")
		if got.Stdout != "" {
			t.Errorf("%q printed a plan:\n%s", args, kit.Tail(got.Stdout))
		}
	}
}

// TestHostileInputsEmpty checks that the module too takes no empty option for a missing one: it
// would compare with no digest, and record in the public log.
func TestHostileInputsEmpty(t *testing.T) {
	kit.Dagger(t)
	source := kit.Example(t)
	demo := []string{"--crate=shim-demo", "--version=0.1.0"}
	for name, args := range map[string][]string{
		"dist-digest": append([]string{"release-crate", "--dist=.", "--dist-digest="}, demo...),
		"repository":  append([]string{"release-crate", "--repository", ""}, demo...),
		"rekor-url":   append([]string{"with-signing", "--rekor-url=", "plan"}, demo...),
		"tag":         {"verify", "--repository=a/b", "--image=example.org/a", "--tag="},
		"image":       {"verify", "--repository=a/b", "--image="},
		"crate":       {"release-order", "--crate="},
		"crates":      {"release-train", "--crates="},
		"toolchain":   append([]string{"--toolchain=", "plan"}, demo...),
	} {
		t.Run(name, func(t *testing.T) {
			got := kit.CallModule(t, source, args...).Run(t).WantCode(t, 1)
			got.WantStderr(t, "checking --"+name+": it is empty")
			if got.Stdout != "" {
				t.Errorf("it went on and printed\n%s", kit.Tail(got.Stdout))
			}
		})
	}
}
