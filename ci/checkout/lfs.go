package checkout

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/sourcefs"
)

// A Git LFS pointer is smaller than maxPointer bytes (git-lfs, docs/spec.md, "The Pointer")
// and has at least minPointer.
const (
	minPointer = 100
	maxPointer = 1024
)

// pointer is a Git LFS pointer: it stands for content stored elsewhere.
type pointer struct {
	sum  string // SHA-256 in hexadecimal
	size int64
}

var pointerForm = regexp.MustCompile(`^version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]+\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n$`)

// parsePointer parses a file's content as a pointer. It returns false if it is not one.
func parsePointer(content []byte) (pointer, bool) {
	if len(content) >= maxPointer {
		return pointer{}, false
	}
	m := pointerForm.FindSubmatch(content)
	if m == nil {
		return pointer{}, false
	}
	size, err := strconv.ParseInt(string(m[2]), 10, 64)
	return pointer{string(m[1]), size}, err == nil
}

// realContent returns which of the files have, in the working tree, the content that the
// commit's pointer stands for. git runs without filters and so reports them as changed.
func (g *git) realContent(ctx context.Context, files []entry) (map[string]bool, error) {
	var small []entry
	for _, e := range files {
		if e.size >= minPointer && e.size < maxPointer {
			small = append(small, e)
		}
	}
	if len(small) == 0 {
		return nil, nil
	}
	contents, err := g.blobs(ctx, small)
	if err != nil {
		return nil, err
	}
	root, err := beneath.OpenDir(g.worktree)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	found := map[string]bool{}
	for i, e := range small {
		if p, ok := parsePointer(contents[i]); ok {
			found[e.name] = p.matches(ctx, root, e.name)
		}
	}
	return found, nil
}

// matches reports whether a file has the pointer's content. A file that cannot be read does
// not.
func (p pointer) matches(ctx context.Context, root *beneath.Dir, name string) bool {
	if p.size > beneath.KeptLimits().File {
		return false // too large to be source
	}
	f, err := root.File(name)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != p.size {
		return false
	}
	sum := sha256.New()
	stop := context.AfterFunc(ctx, func() { _ = f.Close() })
	defer stop()
	n, err := io.Copy(sum, io.LimitReader(f, p.size+1))
	return err == nil && n == p.size && hex.EncodeToString(sum.Sum(nil)) == p.sum
}

// blobs returns the content of small blobs.
func (g *git) blobs(ctx context.Context, list []entry) ([][]byte, error) {
	var names strings.Builder
	for _, e := range list {
		names.WriteString(e.object + "\n")
	}
	out, err := g.answer(ctx, names.String(), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	var contents [][]byte
	r := bufio.NewReader(bytes.NewReader(out))
	for _, e := range list {
		var name, kind string
		var size int64
		head, err := r.ReadString('\n')
		if err == nil {
			_, err = fmt.Sscan(head, &name, &kind, &size)
		}
		if err != nil || name != e.object || size != e.size {
			return nil, fmt.Errorf("`git cat-file` answers %q for %q: expected its %d bytes", head, e.object, e.size)
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(r, content); err != nil {
			return nil, err
		}
		if _, err := r.Discard(1); err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

// findPointers returns the pointers in a copy, as paths relative to the workspace. In a
// repository only files with the lfs filter count: others just look like pointers. dir is
// the copy of the repository's root.
func (e *examined) findPointers(ctx context.Context, dir string) ([]string, error) {
	names := e.copied
	if e.git != nil {
		var err error
		if names, err = e.filtered(ctx); err != nil {
			return nil, err
		}
	}
	found, err := pointersIn(ctx, dir, names)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = e.relative(found[i])
	}
	for _, s := range e.submodules {
		if s.examined == nil {
			continue
		}
		theirs, err := s.findPointers(ctx, filepath.Join(dir, filepath.FromSlash(s.name)))
		if err != nil {
			return nil, err
		}
		for _, name := range theirs {
			found = append(found, path.Join(e.relative(s.name), name))
		}
	}
	slices.Sort(found)
	return found, nil
}

// pointersIn returns which of the named files of a copy are pointers.
func pointersIn(ctx context.Context, dir string, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	files, err := sourcefs.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	var found []string
	for _, name := range names {
		info, err := files.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() < minPointer || info.Size() >= maxPointer {
			continue // disappeared before it was copied, or not a pointer
		}
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if _, ok := parsePointer(raw); ok {
			found = append(found, name)
		}
	}
	return found, nil
}

// filtered returns the files small enough to be pointers that have the lfs filter
// attribute.
func (e *examined) filtered(ctx context.Context) ([]string, error) {
	candidates := slices.Clone(e.copied)
	for name, file := range e.tree {
		if file.mode != gitlink && file.size >= minPointer && file.size < maxPointer && !e.absent[name] {
			candidates = append(candidates, name)
		}
	}
	if len(candidates) == 0 {
		return nil, nil
	}
	slices.Sort(candidates)
	out, err := e.git.answer(ctx, strings.Join(slices.Compact(candidates), "\x00")+"\x00", "check-attr", "-z", "--stdin", "filter")
	if err != nil {
		return nil, err
	}
	var names []string
	answers := slices.Collect(records(out))
	for i := 0; i+2 < len(answers); i += 3 { // name, attribute, value
		if answers[i+2] == "lfs" {
			names = append(names, answers[i])
		}
	}
	return names, nil
}
