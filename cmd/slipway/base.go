package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// toolchainBase returns what the packages of slipway's own toolchain image are downloaded in: the
// image that the caller has named, else this machine if it is a Debian with apt, else
// [toolchain.Base]. The apt of a derivative asks its own mirrors, which have none of the packages.
func toolchainBase(named string) step.Image {
	switch {
	case named != "":
		return step.Image{Ref: named}
	case isDebian("/"):
		return step.Image{Machine: true}
	}
	return step.Image{Ref: toolchain.Base}
}

// isDebian reports whether the system at root is Debian itself and has what the recipe's first step
// needs of it.
func isDebian(root string) bool {
	for _, program := range []string{"apt-get", "dpkg-deb", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			return false
		}
	}
	if _, err := os.Stat(root + "/usr/share/keyrings/debian-archive-keyring.gpg"); err != nil {
		return false
	}
	return distribution(root) == "debian"
}

// distribution returns the ID of an operating system, "" if it has none (os-release(5)).
func distribution(root string) string {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		file, err := os.Open(root + name)
		if err != nil {
			continue
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "ID="); ok {
				return strings.Trim(strings.TrimSpace(id), `"'`)
			}
		}
		return ""
	}
	return ""
}
