//go:build unix

package archive

import (
	"syscall"
	"testing"
)

// TestReadUmask checks that modes do not depend on the caller's umask.
func TestReadUmask(t *testing.T) {
	before := syscall.Umask(0o077)
	t.Cleanup(func() { syscall.Umask(before) })
	accepts(t, alone(file("a", "x"), file("b", "y", mode("0000755\x00"))), map[string]string{"a": "-rw-r--r-- x", "b": "-rwxr-xr-x y"})
}
