package beneath

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRemoveDeep checks that directories nested deeper than the number of files a process
// may open are removed.
func TestRemoveDeep(t *testing.T) {
	top := filepath.Join(t.TempDir(), "top")
	check(t, os.Mkdir(top, 0o755))
	at, err := unix.Open(top, unix.O_DIRECTORY, 0)
	check(t, err)
	for range 3000 {
		check(t, unix.Mkdirat(at, "d", 0o755))
		check(t, unix.Mkdirat(at, "beside", 0o755))
		next, err := unix.Openat(at, "d", unix.O_DIRECTORY, 0)
		check(t, err)
		check(t, unix.Fchmod(at, 0o500)) // a directory without write permission
		check(t, unix.Close(at))
		at = next
	}
	check(t, unix.Close(at))
	var limit unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	few := limit
	few.Cur = 512
	check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
	err = RemoveAll(top)
	check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	check(t, err)
	if _, err := os.Lstat(top); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}
