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

// leavesRoot reports whether slipway runs as the machine's root, so that sandboxes run as another
// user. In a user namespace that does not map that user (a rootless container's), root already is
// an ordinary user to the kernel.
var leavesRoot = sync.OnceValue(func() bool {
	if os.Geteuid() != 0 {
		return false
	}
	raw, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && mapped(string(raw), bwrap.HostID)
})

// mapped reports whether a uid_map (user_namespaces(7)) contains an id of the namespace.
func mapped(uidMap string, id int64) bool {
	for line := range strings.Lines(uidMap) {
		var inside, outside, length int64
		if n, _ := fmt.Sscan(line, &inside, &outside, &length); n == 3 && id >= inside && id-inside < length {
			return true
		}
	}
	return false
}

// own changes the owner of a file, or of everything in a directory, to the user that sandboxes
// run as if that is not slipway's own. Links are changed, not followed.
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
