package e2e

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
	_, l := local(t)
	e := startEngine(t)
	w := runner{name: "dagger", flags: []string{"--runner", "dagger"}, env: e.env}
	r := demo(t)
	r.flags = []string{"--toolchain", l.layout, "--json"}
	first := w.release(t, r).wantCode(t, 0)
	t.Run("command", func(t *testing.T) {
		s := parse(t, first.stdout)
		s.wantDemo(t, r.out)
		if s.Runner != "dagger" {
			t.Errorf("the runner was %q", s.Runner)
		}
		wantLocalSums(t, r.out, "shim-demo.provenance.sigstore.json") // it names the toolchain as requested
	})
	t.Run("another runner that has nothing", func(t *testing.T) {
		r := r
		r.source, r.out = copyTo(t, r.source, filepath.Join(t.TempDir(), "elsewhere")), filepath.Join(t.TempDir(), "out")
		r.env = []string{"HOME=" + t.TempDir(), "XDG_CACHE_HOME=" + t.TempDir()}
		second := w.release(t, r).wantCode(t, 0)
		s := parse(t, second.stdout)
		for _, tested := range s.Tests {
			if !tested.Cached {
				t.Errorf("%s was tested again, though the engine had done it", tested.Target)
			}
		}
		t.Logf("MEASURED: a second runner on an engine that stays took %.2f of the first's time", second.took.Seconds()/first.took.Seconds())
		wantLocalSums(t, r.out, "shim-demo.provenance.sigstore.json")
	})
	t.Run("module", func(t *testing.T) {
		e.connect(t)
		out := filepath.Join(t.TempDir(), "out")
		c := call(t, demo(t).source, "--toolchain-layout", l.layout, "crate", "--name", "shim-demo", "--version", "0.1.0", "dist", "export", "--path", out)
		c.env = e.env
		got := c.run(t)
		if strings.Contains(got.stderr, "base container from go module sdk") {
			t.Skip("SKIPPED: the engine that is installed has no Go SDK image, which Dagger's own brings, and can run no module")
		}
		got.wantCode(t, 0)
		wantLocalSums(t, out, "shim-demo.provenance.sigstore.json")
	})
}

// remoteEngine is an engine in its own network and mount namespaces.
type remoteEngine struct {
	*process
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
	check(t, os.WriteFile(config, fmt.Appendf(nil, "root = %q\ninsecure-entitlements = [\"security.insecure\"]\n", filepath.Join(dir, "state")), 0o644))
	check(t, syscall.Mkfifo(began, 0o600))
	begin, err := os.OpenFile(began, os.O_RDWR, 0) // O_RDWR does not block on a FIFO without a reader
	check(t, err)
	defer begin.Close()
	// State that the other engine keeps outside its state directory is hidden from this one,
	// and it uses the name server provided by connect.
	const script = `mount -t tmpfs tmpfs /run && mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni &&
		echo "nameserver $3" >/run/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf &&
		read -r _ <"$1" && exec dagger-engine --config "$2" --addr "$4"`
	address := "tcp://" + net.JoinHostPort(engineAddress, "8083")
	c := command{args: []string{"unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script, "sh", began, config, slirpResolver, address}}
	e := &remoteEngine{process: c.start(t), env: []string{"_EXPERIMENTAL_DAGGER_RUNNER_HOST=" + address}}
	t.Cleanup(func() { // the engine has mounts in its state directory, so it must end before that is removed
		_ = e.Process.Signal(syscall.SIGTERM)
		killer := time.AfterFunc(time.Minute, func() { _ = e.Process.Kill() })
		e.code()
		killer.Stop()
	})
	e.wire(t)
	_, err = begin.WriteString("go\n")
	check(t, err)
	eventually(t, 2*time.Minute, func() error {
		conn, err := net.DialTimeout("tcp", address[len("tcp://"):], time.Second)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	if t.Failed() {
		t.Fatalf("the engine does not answer:\n%s", last(e.out.String()))
	}
	return e
}

// wire connects this machine and the engine's namespace by a pair of network devices, which
// disappear with the namespace.
func (e *remoteEngine) wire(t *testing.T) {
	t.Helper()
	pid := fmt.Sprint(e.Process.Pid)
	eventually(t, 10*time.Second, func() error { // unshare(1) may not have created the namespace yet
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
	c := command{args: []string{"slirp4netns", "--configure", "--mtu=65520", fmt.Sprint(e.Process.Pid), "tap0"}}
	c.start(t)
	eventually(t, 10*time.Second, func() error {
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
