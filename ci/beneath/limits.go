package beneath

import "fmt"

// Limits bounds a file or tree.
type Limits struct {
	Entries int   // files, directories and links
	File    int64 // bytes of one file by its size, holes included
	Total   int64 // bytes of all files
}

// ReleaseLimits returns wide limits for files that slipway's own process reads from a step:
// a file on GitHub is smaller than 2 GiB (GitHub Docs, "About releases").
func ReleaseLimits() Limits { return Limits{Entries: 10_000, File: 2 << 30, Total: 8 << 30} }

// KeptLimits returns wide limits for files that only steps read: a target directory, an
// image's root filesystem, a workspace.
func KeptLimits() Limits { return Limits{Entries: 4 << 20, File: 16 << 30, Total: 128 << 30} }

// maxDepth is how deep directories may be nested: each one on the way is held open.
const maxDepth = 128

// Count counts files and bytes against limits.
type Count struct {
	Limits  Limits
	entries int
	bytes   int64
}

// Add counts one entry and its size in bytes, which is 0 unless it is a regular file. It
// returns an error if a limit is exceeded.
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
