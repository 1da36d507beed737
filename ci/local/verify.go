package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/step"
)

// verifyImage compares an unpacked image with what was unpacked, once per
// process: a damaged toolchain would make other bytes and not say so. An image
// that was found whole before and has not changed since is not read again.
func (r *Runner) verifyImage(s step.Step, img image) error {
	if img.Tree == "" {
		return nil // a step's output, which was verified, or this machine
	}
	_, err, _ := r.once.Do("verify "+img.Digest, func() (any, error) {
		r.mu.Lock()
		verified := r.verified[img.Digest]
		r.mu.Unlock()
		if verified {
			return nil, nil
		}
		good, err := whole(img.root, img.Tree, filepath.Join(filepath.Dir(img.root), "stamp"))
		if err != nil {
			return nil, err
		}
		if !good {
			changed := fmt.Errorf("reading unpacked image %q: its files have changed since it was unpacked; it has been removed: run again", s.Image.Ref)
			return nil, errors.Join(changed, r.store.drop("images", img.Digest))
		}
		r.mu.Lock()
		r.verified[img.Digest] = true
		r.mu.Unlock()
		return nil, nil
	})
	return err
}

// whole reports whether a file or tree has the digest that it should have. What
// was found whole and has not been changed by the kernel since is not read again:
// its stamp is kept in the file that is named so.
func whole(root, digest, stampFile string) (bool, error) {
	stamp, newest, err := stampTree(root)
	if err != nil {
		return false, err
	}
	if kept, err := os.ReadFile(stampFile); err == nil && string(kept) == digest+" "+stamp {
		return true, nil
	}
	got, err := digestTree(root)
	if err != nil || got != digest {
		return false, err
	}
	// A file could change again within the clock's last tick and keep its time.
	if time.Since(newest) > 2*time.Second {
		err = os.WriteFile(stampFile, []byte(digest+" "+stamp), 0o644)
	}
	return true, err
}

// stampTree is a SHA-256, in hex, of what the kernel notes of every file of a
// tree: name, mode, inode, size and the time of its last change, which no one can
// set. It also returns the newest of these times. Whatever writes to a file
// through the kernel gives the tree another stamp.
func stampTree(root string) (string, time.Time, error) {
	var newest time.Time
	sum := sha256.New()
	err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			return &fs.PathError{Op: "lstat", Path: name, Err: err}
		}
		changed := time.Unix(st.Ctim.Unix())
		if changed.After(newest) {
			newest = changed
		}
		_, err = fmt.Fprintf(sum, "%s\x00%o %d %d %d\x00", name[len(root):], st.Mode, st.Ino, st.Size, changed.UnixNano())
		return err
	})
	if err != nil {
		return "", newest, fmt.Errorf("reading %q: %w", root, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), newest, nil
}
