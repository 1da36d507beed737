package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killedCache is the variable with the cache, image and source for the process that
// TestKilledAnywhere starts.
const killedCache = "SLIPWAY_TEST_KILLED"

// TestKilledAnywhere kills a slipway at closely spaced moments while it starts a sandbox, and
// checks that no process of the sandbox survives.
func TestKilledAnywhere(t *testing.T) {
	if given := os.Getenv(killedCache); given != "" {
		at := strings.Split(given, "\n")
		m := &machine{cache: at[0], image: at[1], source: at[2], log: &logged{}}
		_, err := m.runner(t).Run(t.Context(), probe("sleep", "10m"))
		t.Fatalf("the step has ended: %v", err)
	}
	m := newMachine(t)
	run(t, m.runner(t), probe("print", "the image is unpacked"))
	tries := 60
	if testing.Short() {
		tries = 20
	}
	for i := range tries {
		killStarting(t, m, time.Duration(i)*200*time.Microsecond)
	}
	var left []string
	for range 100 { // the kernel kills them asynchronously
		if left = mention(m.cache); len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("of %d sandboxes whose slipway was killed, processes are left after 10 s:\n%.2000s", tries, strings.Join(left, "\n"))
	for _, line := range left {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// killStarting runs a step in another process and kills that process some time after it has
// started its first child.
func killStarting(t *testing.T, m *machine, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledAnywhere$")
	// The processes that start a sandbox inherit PATH, which identifies them.
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":"+m.cache, killedCache+"="+strings.Join([]string{m.cache, m.image, m.source}, "\n"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for !startsSandbox(cmd.Process.Pid) && time.Since(begun) < 20*time.Second {
		time.Sleep(100 * time.Microsecond)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the run has ended before it was killed: %v", err)
	}
}

// startsSandbox reports whether a process has started the programs that create a sandbox.
func startsSandbox(pid int) bool {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range lists {
		raw, _ := os.ReadFile(name)
		for _, child := range strings.Fields(string(raw)) {
			comm, _ := os.ReadFile(filepath.Join("/proc", child, "comm"))
			if name := strings.TrimSpace(string(comm)); name == "bwrap" || name == "prlimit" {
				return true
			}
		}
	}
	return false
}

// mention returns the processes, with their command lines, whose arguments, environment or mounts
// contain a text, except this one.
func mention(text string) []string {
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if filepath.Base(dir) == fmt.Sprint(os.Getpid()) {
			continue
		}
		for _, name := range []string{"cmdline", "environ", "mountinfo"} {
			if raw, err := os.ReadFile(filepath.Join(dir, name)); err == nil && strings.Contains(string(raw), text) {
				line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
				found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(line), "\x00", " "))
				break
			}
		}
	}
	return found
}
