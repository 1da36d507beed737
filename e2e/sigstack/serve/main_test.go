package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/sigstack/fault"
)

// TestMain runs the command itself if the test starts this binary as the command.
func TestMain(m *testing.M) {
	if os.Getenv("SERVE_TEST_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// served is a running command.
type served struct {
	cmd   *exec.Cmd
	stdin io.Closer
	dir   string
	env   map[string]string
}

// serve starts the command and reads the file that it writes.
func serve(t *testing.T) served {
	t.Helper()
	s := served{cmd: exec.Command(os.Args[0], filepath.Join(t.TempDir(), "new")), env: map[string]string{}}
	s.dir = s.cmd.Args[1]
	s.cmd.Env = append(os.Environ(), "SERVE_TEST_COMMAND=1")
	s.cmd.Stderr = os.Stderr
	stdin, err := s.cmd.StdinPipe()
	check(t, err)
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	check(t, err)
	check(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.Contains(line, "ready") {
		t.Fatalf("it said %q, %v; expected that it is ready", line, err)
	}
	raw, err := os.ReadFile(filepath.Join(s.dir, "env"))
	check(t, err)
	for line := range strings.Lines(string(raw)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || value == "" {
			t.Errorf("the line %q is no KEY=VALUE", line)
		}
		s.env[key] = value
	}
	return s
}

// ends waits until the command has ended successfully.
func (s served) ends(t *testing.T) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it runs on; expected its end")
	}
	if _, err := os.Stat(filepath.Join(s.dir, "env")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its env file is still there: %v", err)
	}
	if _, err := http.Get(s.env["SIGSTACK_REKOR_URL"]); err == nil {
		t.Error("Rekor still answers")
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request and returns the response's status and body.
func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	check(t, err)
	answer, err := http.DefaultClient.Do(r)
	check(t, err)
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	check(t, err)
	return answer.StatusCode, string(raw)
}

func TestStackServeControl(t *testing.T) {
	s := serve(t)
	control, rekor := s.env["SIGSTACK_CONTROL_URL"], s.env["COSIGN_REKOR_URL"]+"/api/v1/log"
	for _, step := range []struct {
		method, url, body string
		status            int
	}{
		{"GET", rekor, "", 200},
		{"POST", control + "/rekor/fault", `{"kind":"refuse","status":502,"times":1}`, 204},
		{"GET", rekor, "", 502},
		{"GET", rekor, "", 200},
		{"POST", control + "/rekor/fault", `{"kind":"refuse","statsu":502}`, 400},
		{"POST", control + "/rekor/fault", `{"kind":"explode"}`, 400},
		{"POST", control + "/nobody/fault", `{"kind":"drop"}`, 404},
		{"POST", control + "/rekor/delay?for=soon", "", 400},
	} {
		if status, body := ask(t, step.method, step.url, step.body); status != step.status {
			t.Errorf("%s %s %s: got %d %q, expected %d", step.method, step.url, step.body, status, body, step.status)
		}
	}
	_, body := ask(t, "GET", control+"/rekor/requests", "")
	var requests []fault.Request
	check(t, json.Unmarshal([]byte(body), &requests))
	if len(requests) != 3 || requests[1].Status != 502 || requests[1].Path != "/api/v1/log" {
		t.Errorf("Rekor got %+v, expected three requests, the second answered 502", requests)
	}
	if status, token := ask(t, "POST", control+"/token", `{"ref":"refs/heads/other"}`); status != 200 || strings.Count(token, ".") != 2 {
		t.Errorf("asked for a token: %d %q", status, token)
	}
	check(t, s.stdin.Close())
	s.ends(t)
}

func TestStackServeEndsAtSIGTERM(t *testing.T) {
	s := serve(t)
	check(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.ends(t)
}
