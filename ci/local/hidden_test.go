package local

import (
	"os"
	"strings"
	"testing"
)

// TestHidden checks that a step learns neither the machine's keys nor what its kernel was started
// with, which can be a secret.
func TestHidden(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	for _, name := range hidden() {
		there, err := os.ReadFile("/proc/" + name)
		if err != nil || len(there) == 0 {
			t.Logf("this machine's /proc/%s is empty: %v", name, err)
		}
		s := probe("cat", "/proc/"+name)
		s.Name = name
		got := run(t, r, s).Stdout
		if words := strings.Fields(string(there)); len(words) > 0 && strings.Contains(got, words[0]) {
			t.Errorf("/proc/%s: %q", name, got)
		}
	}
	if list := strings.Join(hidden(), " "); !strings.Contains(list, "cmdline") {
		t.Errorf("only %s are hidden", list)
	}
}
