package local

import (
	"context"
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

// verifyImage checks once per process that an unpacked image is unchanged: a damaged toolchain
// would silently produce different bytes.
func (r *Runner) verifyImage(ctx context.Context, s step.Step, img image) error {
	if img.Tree == "" {
		return nil // a step's output, which is already verified, or this machine
	}
	_, err, _ := r.once.Do("verify "+img.Digest, func() (any, error) {
		r.mu.Lock()
		verified := r.verified[img.Digest]
		r.mu.Unlock()
		if verified {
			return nil, nil
		}
		good, err := intact(ctx, img.root, img.Tree, filepath.Join(filepath.Dir(img.root), "stamp"))
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

// intact reports whether a file or tree has the expected digest. stampFile stores a stamp of the
// kernel's metadata: if it is unchanged since the last successful check, the content is not read
// again.
func intact(ctx context.Context, root, digest, stampFile string) (bool, error) {
	stamp, newest, err := stampTree(root)
	if err != nil {
		return false, err
	}
	if kept, err := os.ReadFile(stampFile); err == nil && string(kept) == digest+" "+stamp {
		return true, nil
	}
	got, err := digestTree(ctx, root)
	if err != nil || got != digest {
		return false, err
	}
	// Within one clock tick a file could change again and keep its time.
	if time.Since(newest) > 2*time.Second {
		err = os.WriteFile(stampFile, []byte(digest+" "+stamp), 0o644)
	}
	return true, err
}

// stampTree returns a SHA-256 in hex of the kernel's metadata of every file in a tree (name,
// mode, inode, size and change time), and the newest change time. Programs cannot set the change
// time, so every write through the kernel changes the stamp.
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
