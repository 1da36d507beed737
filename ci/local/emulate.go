package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

// emulator returns the path on this machine of the program that runs aarch64 executables for the
// step's command, "" if the image has none or only bwrap may create user namespaces here. Links
// in the image are resolved within it, so that no file of the machine is mistaken for the
// emulator.
func emulator(s step.Step, box bwrap.Sandbox) string {
	if s.Emulator == "" || box.Root == "/" || !ownProcesses() && !leavesRoot() {
		return ""
	}
	for _, e := range box.Env {
		path, ok := strings.CutPrefix(e, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(path) {
			if file := inImage(box.Root, filepath.Join(dir, s.Emulator)); file != "" {
				return file
			}
		}
	}
	return ""
}

// inImage returns the path on this machine of a regular file in an image, "" if the image does
// not have it.
func inImage(root, name string) string {
	dir, err := os.Open(root)
	if err != nil {
		return ""
	}
	defer dir.Close()
	fd, err := unix.Openat2(int(dir.Fd()), strings.TrimPrefix(name, "/"), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return ""
	}
	defer func() { _ = unix.Close(fd) }()
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil || info.Mode&unix.S_IFMT != unix.S_IFREG {
		return ""
	}
	file, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return ""
	}
	at, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", dir.Fd()))
	rel, ok := strings.CutPrefix(file, at+"/")
	if err != nil || !ok {
		return ""
	}
	return filepath.Join(root, rel)
}
