package local

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"dagger/slipway/ci/bwrap"
)

// leavesRoot reports whether slipway runs as the machine's root, so that sandboxes run
// as another user of the machine. The root of a user namespace in which that user does
// not exist (a rootless container's) is an ordinary user to the kernel already.
var leavesRoot = sync.OnceValue(func() bool {
	if os.Geteuid() != 0 {
		return false
	}
	raw, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && mapped(string(raw), bwrap.HostID)
})

// mapped reports whether a uid_map (user_namespaces(7)) has an id of the namespace.
func mapped(uidMap string, id int64) bool {
	for line := range strings.Lines(uidMap) {
		var inside, outside, length int64
		if n, _ := fmt.Sscan(line, &inside, &outside, &length); n == 3 && id >= inside && id-inside < length {
			return true
		}
	}
	return false
}

// own gives a file or everything in a directory to the user that sandboxes run as, where
// that is another than slipway's. Links are given, not followed.
func own(name string) error {
	if !leavesRoot() {
		return nil
	}
	return filepath.WalkDir(name, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, bwrap.HostID, bwrap.HostID)
	})
}
