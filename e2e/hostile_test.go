package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// cases lists workspaces of the test data that are built with either runner.
var cases = []struct {
	name string
	test func(*testing.T, *runner)
}{
	{"hostile-network", testNetwork},
	{"hostile-tokens", testTokens},
	{"hostile-writes", testWrites},
	{"hostile-daemon", testDaemon},
	{"hostile-test", testOverwrite},
	{"failing-test", testFailing},
	{"no-tests", testNoTests},
	{"missing-binary", testMissingBinary},
	{"config-runner", testConfigIgnored},
	{"config-linker", testConfigIgnored},
}

func TestLocalHostile(t *testing.T) {
	w, _ := local(t)
	goodRun(t) // unpacks the image first, because cases measure times
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, w) })
	}
}

func TestDaggerHostile(t *testing.T) {
	w := dagger(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, w) })
	}
}

// caseOf returns the workspace that a subtest is named after. It is made unique, so that no
// runner has results of it.
func caseOf(t *testing.T) release {
	t.Helper()
	name := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
	source := workspace(t, name)
	write(t, rand.Text(), source, "nonce.txt")
	return release{source: source, crate: name, version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
}

// report matches the lines that hostile workspaces print (testdata/workspaces/README.md),
// as cargo shows them; the output of a failed script is indented.
var report = regexp.MustCompile(`(HOSTILE|BLOCKED|SKIPPED|SEARCHED|WROTE|PLANTED|DAEMON): [^\r\n]*`)

// said returns the lines of the given kinds. It fails the test for attempts that succeeded
// or were not made.
func said(t *testing.T, r result, kinds ...string) []string {
	t.Helper()
	var list []string
	for _, line := range report.FindAllString(r.stderr, -1) {
		kind, _, _ := strings.Cut(line, ": ")
		switch {
		case kind == "HOSTILE" || kind == "SKIPPED":
			t.Errorf("the workspace said %q", line)
		case slices.Contains(kinds, kind):
			list = append(list, line)
		}
	}
	return list
}

func wantLines(t *testing.T, lines []string, prefixes ...string) {
	t.Helper()
	for _, p := range prefixes {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, p) }) {
			t.Errorf("no line %q in\n%s", p, strings.Join(lines, "\n"))
		}
	}
}

func testNetwork(t *testing.T, w *runner) {
	tcp, err := net.Listen("tcp", ":0")
	check(t, err)
	defer tcp.Close()
	name := "slipway-e2e-" + rand.Text()
	abstract, err := net.Listen("unix", "@"+name)
	check(t, err)
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
	r := caseOf(t)
	port := fmt.Sprint(tcp.Addr().(*net.TCPAddr).Port)
	write(t, port, r.source, "port.txt")
	write(t, name, r.source, "abstract.txt")
	got := w.release(t, r)
	lines := said(t, got, "BLOCKED")
	got.wantCode(t, 0)
	wantLines(t, lines, "BLOCKED: tcp 127.0.0.1:"+port+":", "BLOCKED: tcp [::1]:"+port+":", "BLOCKED: route to 192.0.2.1:",
		"BLOCKED: resolve example.org:", "BLOCKED: interfaces in /proc/net/dev:", "BLOCKED: interfaces in /sys/class/net:",
		"BLOCKED: abstract socket @"+name+":", "BLOCKED: abstract sockets in /proc/net/unix:")
	select {
	case addr := <-accepted:
		t.Errorf("a connection reached %s", addr)
	default:
	}
}

func testTokens(t *testing.T, w *runner) {
	r := caseOf(t)
	needle := strings.ReplaceAll(read(t, r.source, "needle.txt"), "\n", "")
	home := t.TempDir()
	for _, name := range []string{".cargo/credentials.toml", ".docker/config.json", ".netrc", ".config/token"} {
		write(t, needle, home, name)
	}
	// The engine's client must still find its own files below the home directory.
	user, err := os.UserHomeDir()
	check(t, err)
	for key, dir := range map[string]string{"CACHE": ".cache", "CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state"} {
		if os.Getenv("XDG_"+key+"_HOME") == "" {
			r.env = append(r.env, "XDG_"+key+"_HOME="+filepath.Join(user, dir))
		}
	}
	r.env = append(r.env, "HOME="+home, "GITHUB_TOKEN="+needle, "CARGO_REGISTRY_TOKEN="+needle, "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+needle, "INNOCENT="+needle)
	got := w.release(t, r)
	lines := said(t, got, "SEARCHED")
	got.wantCode(t, 0)
	wantSearched(t, lines)
}

// wantSearched checks that the build script and the test looked for tokens in the right
// places.
func wantSearched(t *testing.T, lines []string) {
	t.Helper()
	for _, who := range []string{"", "test "} {
		for _, place := range []string{"/proc", "/cargo", "/tmp", "/etc"} {
			wantLines(t, lines, "SEARCHED: "+who+place+": ")
		}
		if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "SEARCHED: "+who+"/proc: 0 ") }) {
			t.Errorf("it read the environment of no process, not even its own:\n%s", strings.Join(lines, "\n"))
		}
	}
}

func testWrites(t *testing.T, w *runner) {
	r := caseOf(t)
	// Copies private to the step, of which nothing is kept.
	write(t, "cargo-home\nsource\n", r.source, "tolerate.txt")
	before := tree(t, r.source)
	got := w.release(t, r)
	lines := said(t, got, "BLOCKED", "PLANTED")
	got.wantCode(t, 0)
	wantLines(t, lines, "BLOCKED: usr: ", "BLOCKED: usr-bin: ", "BLOCKED: etc: ", "BLOCKED: sysroot: ", "PLANTED: other-target: ")
	if after := tree(t, r.source); before != after {
		t.Errorf("the source has changed: before\n%safter\n%s", before, after)
	}
	wantOwnBinaries(t, r)
}

// wantOwnBinaries checks that both tarballs hold the compiler's output, and runs the binary
// for this machine.
func wantOwnBinaries(t *testing.T, r release) {
	t.Helper()
	for _, arch := range []string{"x86_64", "aarch64"} {
		list := untar(t, r.out, r.crate+"-"+arch+"-linux-musl.tar.gz")
		wantEntries(t, list, r.crate)
		content := list[0].content
		if !bytes.HasPrefix(content, []byte("\x7fELF")) || bytes.Contains(content, []byte("HOSTILE: overwritten")) {
			t.Errorf("the binary for %s is not what was built: it begins %.60q", arch, content)
		}
		dir := t.TempDir()
		binary := filepath.Join(dir, r.crate)
		check(t, os.WriteFile(binary, content, 0o755))
		l, _ := openLab() // nil uses this machine's emulator
		ran := command{args: append(emulator(t, arch, dir, l), binary)}.run(t).wantCode(t, 0)
		if want := r.crate + " 0.1.0\n"; ran.stdout != want {
			t.Errorf("the binary for %s says %q, expected %q", arch, ran.stdout, want)
		}
	}
}

func testDaemon(t *testing.T, w *runner) {
	got := w.release(t, caseOf(t))
	lines := said(t, got, "DAEMON")
	got.wantCode(t, 0)
	wantLines(t, lines, "DAEMON: heartbeat in ")
	eventually(t, 5*time.Second, func() error { return none("slipway-hostile-daemon") })
}

func testOverwrite(t *testing.T, w *runner) {
	r := caseOf(t)
	got := w.release(t, r).wantCode(t, 0)
	if !strings.Contains(got.stdout, x8664+": 2 passed") || !strings.Contains(got.stdout, aarch64+": 2 passed") {
		t.Errorf("two tests for each target expected:\n%s", got.stdout)
	}
	wantOwnBinaries(t, r)
}

func testFailing(t *testing.T, w *runner) {
	r := caseOf(t)
	got := w.release(t, r).wantCode(t, 1)
	got.wantError(t, `tests of crate "failing-test" failed on `, "-unknown-linux-musl", "1 passed; 1 failed", "othing was changed outside this machine")
	if got.stdout != "" {
		t.Errorf("a failed run has a summary:\n%s", got.stdout)
	}
	if entries, err := os.ReadDir(r.out); err == nil && len(entries) > 0 {
		t.Errorf("a failed run left %v", entries)
	}
}

func testNoTests(t *testing.T, w *runner) {
	r := caseOf(t)
	got := w.release(t, r).wantCode(t, 0)
	for _, target := range []string{x8664, aarch64} {
		if !strings.Contains(got.stdout, target+": NO TEST RAN") {
			t.Errorf("the summary does not say that no test ran for %s:\n%s", target, got.stdout)
		}
	}
	if strings.Contains(got.stdout, "passed") {
		t.Errorf("the summary says that tests passed:\n%s", got.stdout)
	}
}

func testMissingBinary(t *testing.T, w *runner) {
	r := caseOf(t)
	got := w.release(t, r).wantCode(t, 1)
	got.wantError(t, "missing-binary", "feature")
	if entries, err := os.ReadDir(r.out); err == nil && len(entries) > 0 {
		t.Errorf("a failed run left %v", entries)
	}
}

// testConfigIgnored checks that scripts named in a cargo configuration are never called,
// and that the summary says so.
func testConfigIgnored(t *testing.T, w *runner) {
	r := caseOf(t)
	got := w.release(t, r).wantCode(t, 0)
	said(t, got)
	if strings.Contains(tree(t, r.source), "called.txt") || strings.Contains(got.stderr, "was called") {
		t.Errorf("a script of .cargo/config.toml was called:\n%s", last(got.stderr))
	}
	if !strings.Contains(got.stdout, ".cargo/config.toml: ") || !strings.Contains(got.stdout, "is not used") {
		t.Errorf("no note says that the configuration is not used:\n%s", got.stdout)
	}
	if !strings.Contains(got.stdout, x8664+": 1 passed") || !strings.Contains(got.stdout, aarch64+": 1 passed") {
		t.Errorf("a test for each target expected:\n%s", got.stdout)
	}
}
