package kit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Processes describes this machine's processes whose command line or mounts contain text.
// The mounts of a sandboxed process show the directory it works in, whatever it calls
// itself.
func Processes(text string) []string {
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

// NoProcess returns an error that describes the processes found by Processes, nil if there
// are none.
func NoProcess(text string) error {
	if list := Processes(text); len(list) > 0 {
		return fmt.Errorf("processes are left: %.2000s", strings.Join(list, "\n"))
	}
	return nil
}
