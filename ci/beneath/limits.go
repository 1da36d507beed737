package beneath

import "fmt"

// Limits are what a file or tree may have at most.
type Limits struct {
	Entries int   // files, directories and links
	File    int64 // bytes of one file, as its size says: holes count
	Total   int64 // bytes of all files
}

// ReleaseLimits are wide for whatever leaves a step for slipway's own process: a file on
// GitHub is under 2 GiB (GitHub Docs, "About releases").
func ReleaseLimits() Limits { return Limits{Entries: 10_000, File: 2 << 30, Total: 8 << 30} }

// KeptLimits are wide for what only steps see: a target directory, an image's root
// filesystem, a workspace.
func KeptLimits() Limits { return Limits{Entries: 4 << 20, File: 16 << 30, Total: 128 << 30} }

// maxDepth bounds how deep directories lie in each other: each is held open.
const maxDepth = 128

// Count counts what is found against limits.
type Count struct {
	Limits  Limits
	entries int
	bytes   int64
}

// Add counts one entry, of a size in bytes: 0 for what is no file. It is an error when
// there are too many, or the size is too large.
func (c *Count) Add(path string, size int64) error {
	if c.entries++; c.entries > c.Limits.Entries {
		return &Refused{Path: path, Found: "is one file or directory too many", Want: fmt.Sprintf("at most %d", c.Limits.Entries), Limit: true}
	}
	if size > c.Limits.File {
		return tooLarge(path, size, c.Limits.File)
	}
	if left := c.Limits.Total - c.bytes; size > left {
		return &Refused{Path: path, Found: fmt.Sprintf("has %d bytes, with %d in what is beside it", size, c.bytes), Want: fmt.Sprintf("at most %d together", c.Limits.Total), Limit: true}
	}
	c.bytes += size
	return nil
}

func tooLarge(path string, size, limit int64) error {
	return &Refused{Path: path, Found: fmt.Sprintf("has %d bytes", size), Want: fmt.Sprintf("at most %d", limit), Limit: true}
}
