package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/step"
)

// TestSupervisedMerged checks that a step with merged streams sends its errors to its output, and
// that the script is otherwise the same.
func TestSupervisedMerged(t *testing.T) {
	apart, merged := supervised(step.Step{}), supervised(step.Step{Merged: true})
	if apart != supervise || apart == merged {
		t.Fatalf("merged: %t", apart == merged)
	}
	const run = ">/slipway-run/out 2>&1 & box=$!; : >/slipway-run/err\n"
	if strings.Count(merged, run) != 1 || strings.Replace(merged, run, ">/slipway-run/out 2>/slipway-run/err & box=$!\n", 1) != apart {
		t.Errorf("the script is\n%s", merged)
	}
}

// sh runs a script with an environment and returns what it prints, its exit status and its errors.
func sh(t *testing.T, script string, env ...string) (string, int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append([]string{"PATH=" + os.Getenv("PATH")}, env...), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), cmd.ProcessState.ExitCode(), stderr.String()
}

// TestPassedVariables runs the function that passes variables to the sandbox, with a network's
// settings, a secret and another variable in its environment.
func TestPassedVariables(t *testing.T) {
	const secret = "a 'b' \"c\"\n$HOME `id` \\0 %s"
	machine := []string{"https_proxy=http://proxy:3128", "SSL_CERT_FILE=/ca.pem", "NO_PROXY=", secretPrefix + "TOKEN=" + secret, secretPrefix + "OTHER=other", "HOME=/root"}
	token := []step.Secret{{Env: "TOKEN", Name: "registry"}}
	for _, tt := range []struct {
		name string
		step step.Step
		want []string // names and values
	}{
		{"nothing", step.Step{}, nil},
		{"a network", step.Step{Network: true}, []string{"https_proxy", "http://proxy:3128", "SSL_CERT_FILE", "/ca.pem"}},
		{"a network with settings of the step's own", step.Step{Network: true, Env: []string{"SSL_CERT_FILE=/own.pem", "https_proxy="}}, nil},
		{"a secret", step.Step{Secrets: token}, []string{"TOKEN", secret}},
		{"both", step.Step{Network: true, Env: []string{"https_proxy_of=x", "SSL_CERT_FILE="}, Secrets: token}, []string{"https_proxy", "http://proxy:3128", "TOKEN", secret}},
	} {
		var want strings.Builder
		for i := 0; i < len(tt.want); i += 2 {
			fmt.Fprintf(&want, "--setenv\x00%s\x00%s\x00", tt.want[i], tt.want[i+1])
		}
		got, code, _ := sh(t, environment(tt.step), machine...)
		if code != 0 || got != want.String() {
			t.Errorf("%s: status %d, %q, want %q", tt.name, code, got, want.String())
		}
	}
}

// TestOutputs runs the function that checks outputs, on what a command may leave.
func TestOutputs(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"file": "x", "it's; $(id)": "x", "dir/a": "x", "dir/b": "-> /etc/passwd", "link": "-> file", "gone": "-> nothing", "way": "-> dir", "loop": "-> loop",
	} {
		if err := put(filepath.Join(dir, name), content); err != nil {
			t.Fatal(err)
		}
	}
	for _, fifo := range []string{"fifo", "dir/fifo"} {
		if err := unix.Mkfifo(filepath.Join(dir, fifo), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		dir  bool
		code int
		mark string
	}{
		{"file", false, 0, ""},
		{"it's; $(id)", false, 0, ""},
		{"dir", true, 0, ""},
		{"file", true, kindStatus, kindMark},
		{"dir", false, kindStatus, kindMark},
		{"none", false, missingStatus, missingMark},
		{"none", true, missingStatus, missingMark},
		{"link", false, kindStatus, kindMark},
		{"gone", false, kindStatus, kindMark},
		{"loop", false, kindStatus, kindMark},
		{"way", true, kindStatus, kindMark},
		{"way/a", false, kindStatus, kindMark},
		{"fifo", false, kindStatus, kindMark},
	} {
		at := filepath.Join(dir, tt.name)
		script := framed(step.Step{Outputs: []step.Output{{Path: at, Dir: tt.dir}}}, step.Limits{}, nil, nil)[2]
		_, checks, found := strings.Cut(script, supervise)
		if !found {
			t.Fatalf("the script is\n%s", script)
		}
		want := ""
		if tt.mark != "" {
			want = tt.mark + at + "\n"
		}
		if out, code, stderr := sh(t, checks); out != "" || code != tt.code || stderr != want {
			t.Errorf("%s, dir %t: status %d, %q, %q; want %d, %q", tt.name, tt.dir, code, out, stderr, tt.code, want)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "dir", "fifo")); !os.IsNotExist(err) {
		t.Errorf("a FIFO is left in an output: %v", err)
	}
	if got := files(t, filepath.Join(dir, "dir")); len(got) != 2 || got["a"] != "x" {
		t.Errorf("the output is now %q", got)
	}
}

// TestOwned checks that only what a command may write to is given to its user, and watched.
func TestOwned(t *testing.T) {
	for _, tt := range []struct {
		mounts []mount
		want   string // the paths
	}{
		{nil, ""},
		{[]mount{{path: "/a", readOnly: true}}, ""},
		{[]mount{{path: "/a"}, {path: "/b", readOnly: true}, {path: "/c", left: true}}, "'/a' '/c'"},
		{[]mount{{path: "/it's"}}, `'/it'\''s'`},
	} {
		script := framed(step.Step{}, step.Limits{}, tt.mounts, nil)[2]
		chown := "chown 65533:65533 " + tt.want + " || exit $?\n"
		if strings.Contains(script, chown) == (tt.want == "") || strings.Count(script, "chown") > 1 || !strings.Contains(script, "df -Pk "+tt.want+" / |") {
			t.Errorf("%v: the script is\n%s", tt.mounts, script)
		}
	}
}
