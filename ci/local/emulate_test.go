package local

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

// foreign is the start of an aarch64 executable (elf(5)).
const foreign = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00\x01\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x00\x38\x00"

// needOwnBinfmt skips the test if the kernel does not give user namespaces their own binfmt_misc.
func needOwnBinfmt(t *testing.T) {
	t.Helper()
	needSandbox(t)
	out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "--", "mount", "-t", "binfmt_misc", "binfmt_misc", "/sys").CombinedOutput()
	if err != nil {
		t.Skipf("SKIPPED: this kernel gives a user namespace no binfmt_misc of its own (Linux 6.7 does): %v: %s", err, out)
	}
}

// emulation returns a machine whose image has an aarch64 executable and the probe as its
// emulator.
func emulation(t *testing.T, more ...file) *machine {
	t.Helper()
	m := newMachine(t)
	raw, err := buildProbe()
	if err != nil {
		t.Fatal(err)
	}
	files := []file{{name: "data/foreign", content: foreign, mode: 0o755}, {name: "bin/emulator", content: string(raw), mode: 0o755}}
	m.image = writeImage(t, append(files, more...)...)
	return m
}

func emulated(by string, args ...string) step.Step {
	s := probe(args...)
	s.Emulator = by
	return s
}

// TestEmulator checks that a command can start an executable of another architecture, at any
// depth, with its arguments.
func TestEmulator(t *testing.T) {
	needOwnBinfmt(t)
	r := emulation(t, file{name: "bin/linked", link: "/bin/emulator", kind: '2'}).runner(t)
	for _, by := range []string{"emulator", "linked"} {
		out := run(t, r, emulated(by, "run", "/data/foreign", "a b", "", ";", "run", "/bin/probe", "run", "/data/foreign", "deep")).Stdout
		want := "emulates /data/foreign [/data/foreign a b ]\nok /data/foreign\nemulates /data/foreign [/data/foreign deep]\nok /data/foreign\nok /bin/probe\n"
		if out != want {
			t.Errorf("with %s the probe says\n%swant\n%s", by, out, want)
		}
	}
}

// TestEmulatorOfTheImage checks that no file of this machine is used as the emulator, and that a
// step runs without one.
func TestEmulatorOfTheImage(t *testing.T) {
	needOwnBinfmt(t)
	outside := filepath.Join(t.TempDir(), "outside")
	raw, err := buildProbe()
	if err == nil {
		err = os.WriteFile(outside, raw, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := emulation(t, file{name: "bin/leaves", link: outside, kind: '2'}, file{name: "bin/climbs", link: "../../../../../.." + outside, kind: '2'}).runner(t)
	for _, by := range []string{"", "leaves", "climbs", "missing"} {
		out := run(t, r, emulated(by, "run", "/data/foreign")).Stdout
		if !strings.Contains(out, "REFUSED /data/foreign") || !strings.Contains(out, "exec format error") {
			t.Errorf("with emulator %q the probe says\n%s", by, out)
		}
	}
}

// TestEmulatorIsNoWayOut checks that a command neither sees nor changes the registered formats.
func TestEmulatorIsNoWayOut(t *testing.T) {
	needOwnBinfmt(t)
	before := registered(t)
	r := emulation(t).runner(t)
	const line = ":evil:E::evil::/bin/probe:"
	out := run(t, r, emulated("emulator",
		"write", "/sys/register", line, ";", "write", "/proc/sys/fs/binfmt_misc/register", line, ";", "write", "/proc/1/root/sys/register", line, ";",
		"mount", "binfmt_misc", ";", "list", "/sys", ";", "cat", "/proc/self/mountinfo", ";", "pids", ";", "capabilities")).Stdout
	for _, want := range []string{
		"REFUSED /sys/register", "REFUSED /proc/sys/fs/binfmt_misc/register", "REFUSED /proc/1/root/sys/register", "REFUSED mount binfmt_misc",
		"\n2\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the probe does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, " - binfmt_misc ") || strings.Contains(out, "slipway -r") {
		t.Errorf("the command sees a binfmt_misc:\n%s", out)
	}
	if after := registered(t); !slices.Equal(after, before) {
		t.Errorf("this machine has registered %q, before %q", after, before)
	}
}

// registered returns the formats in this machine's own binfmt_misc.
func registered(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/sys/fs/binfmt_misc")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
