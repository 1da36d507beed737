package local

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/step"
)

const token = "a-token-of-nobody"

// withSecret returns a step that has a token in its environment.
func withSecret(args ...string) step.Step {
	s := probe(args...)
	s.Fresh, s.Network = true, true
	s.Secrets = []step.Secret{{Env: "TOKEN", Name: "registry"}}
	return s
}

// TestSecret checks that a secret reaches only the command: no output, log, command line of a
// process or file of the cache contains it.
func TestSecret(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	r.opts.Secrets = step.Secrets{"registry": secret.New(token)}
	s := withSecret("env", ";", "write", "/out/length", "kept", ";", "sleep", "500ms")
	s.Outputs = []step.Output{{Name: "length", Path: "/out/length"}}
	shown := make(chan []string)
	stop := make(chan struct{})
	go func() { shown <- commandLines(stop) }()
	result := run(t, r, s)
	close(stop)
	if !strings.Contains(result.Stdout, "TOKEN=***") || strings.Contains(result.Stdout, token) {
		t.Errorf("the command printed %q", result.Stdout)
	}
	if exported(t, r, "probe", "length") != "kept" {
		t.Error("the output of a fresh step is not there")
	}
	for _, line := range <-shown {
		t.Errorf("a command line shows the token: %q", line)
	}
	if strings.Contains(strings.Join(m.log.lines, "\n"), token) {
		t.Errorf("the log has the token: %q", m.log.lines)
	}
	check(t, filepath.WalkDir(m.cache, func(name string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(name)
		if strings.Contains(string(raw), token) {
			t.Errorf("%s has the token", name)
		}
		return err
	}))
}

// TestProxyPassword checks that only the step that uses this machine's own files has the machine's
// proxies, and that nothing shows their passwords.
func TestProxyPassword(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://ci:"+token+"@127.0.0.1:9")
	t.Setenv("http_proxy", "ci:"+token+"@127.0.0.1:9/")
	t.Setenv("NO_PROXY", "plain.example.org")
	m := newMachine(t)
	other, own := probe("env", ";", "sleep", "500ms"), probe()
	own.Image, own.Args, own.Dir = step.Image{Machine: true}, []string{"sh", "-c", "env; sleep 0.5"}, "/"
	shown := make(chan []string)
	stop := make(chan struct{})
	go func() { shown <- commandLines(stop) }()
	said := map[bool]string{}
	for _, s := range []step.Step{other, own} {
		s.Network = true
		said[isolated(s)] = run(t, m.runner(t), s).Stdout
	}
	close(stop)
	for _, want := range []string{"HTTPS_PROXY=http://***@127.0.0.1:9", "http_proxy=***@127.0.0.1:9/", "NO_PROXY=plain.example.org"} {
		if !strings.Contains(strings.ReplaceAll(said[false], "ci:***", "***"), want) {
			t.Errorf("the step on this machine's files does not have %s: %q", want, said[false])
		}
	}
	if !strings.Contains(said[true], "HTTPS_PROXY=http://"+gatewayAddress+"\n") || strings.Contains(said[true], "127.0.0.1:9") || strings.Contains(said[true], "NO_PROXY") {
		t.Errorf("another step has %q", said[true])
	}
	for _, line := range append(<-shown, said[true], said[false], strings.Join(m.log.lines, "\n")) {
		if strings.Contains(line, token) {
			t.Errorf("the password is shown: %q", line)
		}
	}
}

// TestPasswordIsAWord checks that the result of a step which has no secret is unchanged, even if a
// proxy's password is a word in it, and that the log hides the password all the same.
func TestPasswordIsAWord(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://ci:Apache@127.0.0.1:9")
	m := newMachine(t)
	s := probe("print", "Apache-2.0")
	if got := run(t, m.runner(t), s).Stdout; !strings.Contains(got, "Apache-2.0") {
		t.Errorf("the result is %q", got)
	}
	if log := strings.Join(m.log.lines, "\n"); strings.Contains(log, "Apache") || !strings.Contains(log, "***-2.0") {
		t.Errorf("the log is %q", log)
	}
}

// commandLines returns the command lines of processes that contain the token, sampled until stop.
func commandLines(stop chan struct{}) (found []string) {
	for {
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			if _, err := strconv.Atoi(e.Name()); err != nil {
				continue
			}
			if raw, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline")); err == nil && strings.Contains(string(raw), token) {
				found = append(found, string(raw))
			}
		}
		select {
		case <-stop:
			return found
		default:
		}
	}
}

func TestSecretNotGiven(t *testing.T) {
	_, err := newMachine(t).runner(t).Run(t.Context(), withSecret("env"))
	wantError(t, err, `running step "probe": the secret "registry" was not passed`)
}

// TestFresh checks that the result of a fresh step is never reused, not even within one process.
func TestFresh(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	s := probe("now")
	s.Fresh = true
	first := run(t, r, s)
	if second := run(t, r, s); second.Cached || second.Stdout == first.Stdout {
		t.Errorf("the second run says %q, the first %q", second.Stdout, first.Stdout)
	}
	if again := run(t, m.runner(t), s); again.Cached {
		t.Error("another process took the result")
	}
}
