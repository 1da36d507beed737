package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// processes describes this machine's processes whose command line or mounts contain text.
// The mounts of a sandboxed process show the directory it works in, whatever it calls
// itself.
func processes(text string) []string {
	var list []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if dir == fmt.Sprintf("/proc/%d", os.Getpid()) {
			continue
		}
		line, _ := os.ReadFile(dir + "/cmdline")
		mounts, _ := os.ReadFile(dir + "/mountinfo")
		if strings.Contains(string(line), text) || strings.Contains(string(mounts), text) {
			list = append(list, dir+": "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return list
}

// none returns an error if there are such processes.
func none(text string) error {
	if list := processes(text); len(list) > 0 {
		return fmt.Errorf("processes are left: %.2000s", strings.Join(list, "\n"))
	}
	return nil
}

// mounts returns this process's mount table.
func mounts(t testing.TB) string {
	t.Helper()
	return read(t, "/proc/self/mountinfo")
}

// tree lists the files of a directory with mode, size, time and content.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	check(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", name, info.Mode())
		if info.Mode().IsRegular() {
			raw, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %d %d %q", info.ModTime().UnixNano(), len(raw), fmt.Sprintf("%.40x", raw))
		}
		b.WriteByte('\n')
		return nil
	}))
	return b.String()
}
