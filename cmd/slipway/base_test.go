package main

import (
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/ci/step"
)

func TestDistribution(t *testing.T) {
	for text, want := range map[string]string{
		"PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n": "debian",
		"ID=ubuntu\nID_LIKE=debian\n":                                         "ubuntu",
		"ID_LIKE=debian\nID=\"linuxmint\"\n":                                  "linuxmint",
		"NAME=x\n":                                                            "",
	} {
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "etc", "os-release"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := distribution(root); got != want {
			t.Errorf("the distribution of %q is %q, want %q", text, got, want)
		}
		if isDebian(root) {
			t.Errorf("%q without the keyring of Debian's packages is a Debian", text)
		}
	}
	if got := distribution(t.TempDir()); got != "" {
		t.Errorf("the distribution of nothing is %q", got)
	}
}

func TestToolchainBaseNamed(t *testing.T) {
	if got := toolchainBase("mirror.example/debian:bookworm"); got != (step.Image{Ref: "mirror.example/debian:bookworm"}) {
		t.Errorf("the base is %+v", got)
	}
}
