package actions

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// Addresses of the second engine and of this machine on the link between them (RFC 2544, a
// range for benchmarks that is not routed), and of slirp4netns(1)'s name server.
const (
	engineAddress = "198.18.83.2"
	engineLink    = "slip83"
	hostAddress   = "198.18.83.1"
	slirpResolver = "10.0.2.3"
)

// TestActionsEngine releases with a second engine, which is in a network namespace and has
// no state: like a runner's remote engine, it is reachable by TCP only.
func TestActionsEngine(t *testing.T) {
	_, l := kit.Local(t)
	e := startEngine(t)
	w := kit.Runner{Name: "dagger", Flags: []string{"--runner", "dagger"}, Env: e.env}
	r := kit.Demo(t)
	r.Flags = []string{"--toolchain", l.Layout, "--json"}
	first := w.Release(t, r).WantCode(t, 0)
	t.Run("command", func(t *testing.T) {
		s := kit.ParseSummary(t, first.Stdout)
		s.WantDemo(t, r.Out)
		if s.Runner != "dagger" {
			t.Errorf("the runner was %q", s.Runner)
		}
		kit.WantLocalDigests(t, r.Out, "shim-demo.provenance.sigstore.json") // it names the toolchain as requested
	})
	t.Run("another runner that has nothing", func(t *testing.T) {
		r := r
		r.Source, r.Out = kit.CopyTo(t, r.Source, filepath.Join(t.TempDir(), "elsewhere")), filepath.Join(t.TempDir(), "out")
		r.Env = []string{"HOME=" + t.TempDir(), "XDG_CACHE_HOME=" + t.TempDir()}
		second := w.Release(t, r).WantCode(t, 0)
		s := kit.ParseSummary(t, second.Stdout)
		for _, tested := range s.Tests {
			if !tested.Cached {
				t.Errorf("%s was tested again, though the engine had done it", tested.Target)
			}
		}
		t.Logf("MEASURED: a second runner on an engine that stays took %.2f of the first's time", second.Took.Seconds()/first.Took.Seconds())
		kit.WantLocalDigests(t, r.Out, "shim-demo.provenance.sigstore.json")
	})
	t.Run("module", func(t *testing.T) {
		e.connect(t)
		out := filepath.Join(t.TempDir(), "out")
		c := kit.CallModule(t, kit.Demo(t).Source, "--toolchain-layout", l.Layout, "crate", "--name", "shim-demo", "--version", "0.1.0", "dist", "export", "--path", out)
		c.Env = e.env
		got := c.Run(t)
		if strings.Contains(got.Stderr, "base container from go module sdk") {
			t.Skip("SKIPPED: the engine that is installed has no Go SDK image, which Dagger's own brings, and can run no module")
		}
		got.WantCode(t, 0)
		kit.WantLocalDigests(t, out, "shim-demo.provenance.sigstore.json")
	})
}

// remoteEngine is an engine in its own network and mount namespaces.
type remoteEngine struct {
	*kit.Job
	env []string // makes clients use it
}

// startEngine starts another instance of the installed engine. It skips the test if there
// is none.
func startEngine(t *testing.T) *remoteEngine {
	t.Helper()
	for _, name := range []string{"dagger", "dagger-engine", "unshare", "ip"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIPPED: no second engine can be started: %v", err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: no second engine can be started: making network namespaces takes root")
	}
	dir := t.TempDir()
	config, began := filepath.Join(dir, "engine.toml"), filepath.Join(dir, "began")
	kit.Check(t, os.WriteFile(config, fmt.Appendf(nil, "root = %q\ninsecure-entitlements = [\"security.insecure\"]\n", filepath.Join(dir, "state")), 0o644))
	kit.Check(t, syscall.Mkfifo(began, 0o600))
	begin, err := os.OpenFile(began, os.O_RDWR, 0) // O_RDWR does not block on a FIFO without a reader
	kit.Check(t, err)
	defer begin.Close()
	// State that the other engine keeps outside its state directory is hidden from this one,
	// and it uses the name server provided by connect.
	const script = `mount -t tmpfs tmpfs /run && mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni &&
		echo "nameserver $3" >/run/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf &&
		read -r _ <"$1" && exec dagger-engine --config "$2" --addr "$4"`
	address := "tcp://" + net.JoinHostPort(engineAddress, "8083")
	c := kit.Command{Args: []string{"unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script, "sh", began, config, slirpResolver, address}}
	e := &remoteEngine{Job: c.Start(t), env: []string{"_EXPERIMENTAL_DAGGER_RUNNER_HOST=" + address}}
	t.Cleanup(func() { // the engine has mounts in its state directory, so it must end before that is removed
		_ = e.Process.Signal(syscall.SIGTERM)
		killer := time.AfterFunc(time.Minute, func() { _ = e.Process.Kill() })
		e.ExitCode()
		killer.Stop()
	})
	e.wire(t)
	_, err = begin.WriteString("go\n")
	kit.Check(t, err)
	kit.Eventually(t, 2*time.Minute, func() error {
		conn, err := net.DialTimeout("tcp", address[len("tcp://"):], time.Second)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	if t.Failed() {
		t.Fatalf("the engine does not answer:\n%s", kit.Tail(e.Out.String()))
	}
	return e
}

// wire connects this machine and the engine's namespace by a pair of network devices, which
// disappear with the namespace.
func (e *remoteEngine) wire(t *testing.T) {
	t.Helper()
	pid := fmt.Sprint(e.Process.Pid)
	kit.Eventually(t, 10*time.Second, func() error { // unshare(1) may not have created the namespace yet
		same, err := sameNetwork(pid)
		if err == nil && same {
			err = fmt.Errorf("process %s has no network of its own", pid)
		}
		return err
	})
	inside := []string{"nsenter", "--net=/proc/" + pid + "/ns/net", "ip"}
	for _, args := range [][]string{
		{"ip", "link", "add", engineLink, "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "address", "add", hostAddress + "/30", "dev", engineLink},
		{"ip", "link", "set", engineLink, "up"},
		append(inside, "link", "set", "lo", "up"),
		append(inside, "address", "add", engineAddress+"/30", "dev", "eth0"),
		append(inside, "link", "set", "eth0", "up"),
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
}

// connect gives the engine access to the network, from which it downloads a module's
// dependencies.
func (e *remoteEngine) connect(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("slirp4netns"); err != nil {
		t.Skipf("SKIPPED: the second engine has no network to load a module with: %v", err)
	}
	c := kit.Command{Args: []string{"slirp4netns", "--configure", "--mtu=65520", fmt.Sprint(e.Process.Pid), "tap0"}}
	c.Start(t)
	kit.Eventually(t, 10*time.Second, func() error {
		return exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", e.Process.Pid), "ip", "route", "get", slirpResolver).Run()
	})
}

// sameNetwork reports whether a process is in this process's network namespace.
func sameNetwork(pid string) (bool, error) {
	theirs, err := os.Readlink("/proc/" + pid + "/ns/net")
	if err != nil {
		return false, err
	}
	ours, err := os.Readlink("/proc/self/ns/net")
	return theirs == ours, err
}
