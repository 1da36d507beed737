package cosign

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	for major, release := range releases {
		path, err := Command(major)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(path, "version").CombinedOutput()
		if err != nil || !strings.Contains(string(out), release) {
			t.Errorf("cosign %d says %q, %v; expected %s", major, out, err, release)
		}
	}
}

func TestCommandRefusesOthers(t *testing.T) {
	if path, err := Command(1); err == nil || !strings.Contains(err.Error(), "expected 2 or 3") {
		t.Errorf("got %q, %v", path, err)
	}
}
