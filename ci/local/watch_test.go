package local

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

// TestFilesWithoutEnd checks that a step that creates empty files is ended by the disk limit, and
// that one that creates as many as a build does is not.
func TestFilesWithoutEnd(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	if now, err := free(m.cache); err != nil || now.files < 500_000 {
		t.Skipf("SKIPPED: the file system has room for %d files (%v)", now.files, err)
	}
	// The room of the file system is what is measured, so that what other programs write meanwhile
	// counts too: a run that they have ended is repeated.
	alone := func(args ...string) (err error) {
		for range 5 {
			if _, err = r.Run(t.Context(), probe(args...)); err == nil || !strings.Contains(err.Error(), "wrote more than") {
				return err
			}
			t.Logf("other programs have written more than %d bytes meanwhile", r.limits.Disk)
		}
		t.Skipf("SKIPPED: other programs write to this file system all the time: %v", err)
		return nil
	}
	r.limits.Disk = 1 << 30
	// The step runs long enough to be noticed: only the limit ends it.
	err := alone("files", "/out/many", "400000", ";", "sleep", "10s")
	wantError(t, err, "created more than 262144 files, one for each 4.0 KiB of 1.0 GiB", "--limits disk=")
	if left, _ := filepath.Glob(filepath.Join(m.cache, "tmp", "run-*", "work", "step-*")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	r.limits.Disk = 4 << 30
	if err := alone("files", "/out/few", "30000", ";", "sleep", "1s"); err != nil {
		t.Error(err)
	}
}

// TestRoom checks when a change of a file system's room exceeds a limit.
func TestRoom(t *testing.T) {
	begin := room{1 << 40, 1 << 24}
	for _, c := range []struct {
		name       string
		now, begin room
		limit      int64
		want       string // "" is no error
		limited    bool
	}{
		{"nothing", begin, begin, 1 << 20, "", false},
		{"as much as may be", room{1<<40 - 1<<20, 1<<24 - 256}, begin, 1 << 20, "", false},
		{"bytes", room{1<<40 - 1<<20 - 1, 1 << 24}, begin, 1 << 20, "wrote more than 1.0 MiB", true},
		{"files", room{1 << 40, 1<<24 - 257}, begin, 1 << 20, "created more than 256 files", true},
		{"no limit", room{1 << 30, 1 << 20}, begin, 0, "", false},
		{"files are not counted", room{1 << 40, -1}, room{1 << 40, -1}, 1 << 20, "", false},
		{"few bytes are left", room{spare - 1, 1 << 24}, begin, 0, "less than 256 MiB is left", false},
		{"few files are left", room{1 << 40, spareFiles - 1}, begin, 0, "room for less than 16384 more files", false},
		{"few were left before", room{spare - 1, spareFiles - 1}, room{spare - 1, spareFiles - 1}, math.MaxInt64, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.now.exceeds(c.begin, c.limit, "/cache")
			if c.want == "" {
				if err != nil {
					t.Errorf("it says %v", err)
				}
				return
			}
			wantError(t, err, c.want)
			var limit *step.LimitError
			if errors.As(err, &limit) != c.limited {
				t.Errorf("%v is a limit of the step: %t", err, !c.limited)
			}
		})
	}
}
