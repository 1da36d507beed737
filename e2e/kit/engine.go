package kit

import (
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// findEngine returns an error unless a Dagger engine answers.
var findEngine = sync.OnceValue(func() error {
	if _, err := exec.LookPath("dagger"); err != nil {
		return err
	}
	cmd := exec.Command("timeout", "60", "dagger", "core", "--silent", "version")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("dagger core version: %w: %s", err, strings.TrimSpace(Tail(string(out))))
	}
	return nil
})

// Dagger returns the runner that uses the Dagger engine. It skips the test if no engine
// answers.
func Dagger(t testing.TB) *Runner {
	t.Helper()
	if err := findEngine(); err != nil {
		t.Skipf("SKIPPED: no Dagger engine answers: %v", err)
	}
	return &Runner{Name: "dagger", Flags: []string{"--runner", "dagger"}, Env: []string{"SLIPWAY_ENGINE_LOG=1"}}
}

// CallModule returns a `dagger call` command for the module under test, to be run in an
// empty directory.
func CallModule(t testing.TB, source string, args ...string) Command {
	t.Helper()
	all := []string{"dagger", "--progress=plain", "call", "-m", Root, "--source", source}
	return Command{Args: append(all, args...), Dir: t.TempDir()}
}

// NamedHosts collects the arguments of `dagger call` that let a module reach servers on
// this machine by host name.
type NamedHosts struct{ Args []string }

// Add gives a local server a host name and returns its URL with that name.
func (n *NamedHosts) Add(t testing.TB, host, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	Check(t, err)
	n.Args = append(n.Args, "with-service", "--host", host, "--service", "tcp://127.0.0.1:"+u.Port())
	u.Host = host + ":" + u.Port()
	return u.String()
}
