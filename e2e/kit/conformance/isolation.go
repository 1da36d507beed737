package conformance

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

func testNetwork(t *testing.T, w *kit.Runner) {
	tcp, err := net.Listen("tcp", ":0")
	kit.Check(t, err)
	defer tcp.Close()
	name := "slipway-e2e-" + rand.Text()
	abstract, err := net.Listen("unix", "@"+name)
	kit.Check(t, err)
	defer abstract.Close()
	accepted := make(chan string, 100)
	for _, l := range []net.Listener{tcp, abstract} {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- l.Addr().String()
				_ = c.Close()
			}
		}()
	}
	r := kit.WorkspaceOfTest(t)
	port := fmt.Sprint(tcp.Addr().(*net.TCPAddr).Port)
	kit.Write(t, port, r.Source, "port.txt")
	kit.Write(t, name, r.Source, "abstract.txt")
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "BLOCKED")
	got.WantCode(t, 0)
	kit.WantPrefixes(t, lines, "BLOCKED: tcp 127.0.0.1:"+port+":", "BLOCKED: tcp [::1]:"+port+":", "BLOCKED: route to 192.0.2.1:",
		"BLOCKED: resolve example.org:", "BLOCKED: interfaces in /proc/net/dev:", "BLOCKED: interfaces in /sys/class/net:",
		"BLOCKED: abstract socket @"+name+":", "BLOCKED: abstract sockets in /proc/net/unix:")
	select {
	case addr := <-accepted:
		t.Errorf("a connection reached %s", addr)
	default:
	}
}

func testTokens(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	needle := strings.ReplaceAll(kit.Read(t, r.Source, "needle.txt"), "\n", "")
	home := t.TempDir()
	for _, name := range []string{".cargo/credentials.toml", ".docker/config.json", ".netrc", ".config/token"} {
		kit.Write(t, needle, home, name)
	}
	// The engine's client must still find its own files below the home directory.
	user, err := os.UserHomeDir()
	kit.Check(t, err)
	for key, dir := range map[string]string{"CACHE": ".cache", "CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state"} {
		if os.Getenv("XDG_"+key+"_HOME") == "" {
			r.Env = append(r.Env, "XDG_"+key+"_HOME="+filepath.Join(user, dir))
		}
	}
	r.Env = append(r.Env, "HOME="+home, "GITHUB_TOKEN="+needle, "CARGO_REGISTRY_TOKEN="+needle, "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+needle, "INNOCENT="+needle)
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "SEARCHED")
	got.WantCode(t, 0)
	kit.WantSearched(t, lines)
}

func testWrites(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	// Copies private to the step, of which nothing is kept.
	kit.Write(t, "cargo-home\nsource\n", r.Source, "tolerate.txt")
	before := kit.Tree(t, r.Source)
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "BLOCKED", "PLANTED")
	got.WantCode(t, 0)
	kit.WantPrefixes(t, lines, "BLOCKED: usr: ", "BLOCKED: usr-bin: ", "BLOCKED: etc: ", "BLOCKED: sysroot: ", "PLANTED: other-target: ")
	if after := kit.Tree(t, r.Source); before != after {
		t.Errorf("the source has changed: before\n%safter\n%s", before, after)
	}
	wantOwnBinaries(t, r)
}

func testDaemon(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	// A name of its own, because another process may test another runner.
	name, script := "slipway-hostile-"+rand.Text(), filepath.Join(r.Source, "build.rs")
	kit.Write(t, strings.Replace(kit.Read(t, script), "slipway-hostile-daemon", name, 1), script)
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "DAEMON")
	got.WantCode(t, 0)
	kit.WantPrefixes(t, lines, "DAEMON: heartbeat in ")
	kit.Eventually(t, 5*time.Second, func() error { return kit.NoProcess(name) })
}
