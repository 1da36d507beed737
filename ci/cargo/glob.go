package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"dagger/slipway/ci/quote"
)

// Limits on patterns: links may form cycles, and every `*` follows them once more.
const (
	maxPattern = 4096
	maxRules   = 4 << 20 // bytes of all `include` and `exclude` patterns, plus 64 per pattern
	maxListed  = 100_000 // directories listed for one pattern
)

// globDirs returns the directories that match a member pattern, sorted.
func globDirs(fsys fs.FS, pattern string) ([]string, error) {
	if err := checkPattern(pattern); err != nil {
		return nil, err
	}
	if !strings.Contains(pattern, "**") && !strings.Contains(pattern, "[!") {
		g := globber{fsys: fsys}
		return g.expand(pattern)
	}
	expr, err := regexp.Compile("^" + globExpr(pattern) + "$")
	if err != nil {
		return nil, err
	}
	var dirs []string
	start := "."
	for rest := pattern; strings.HasPrefix(rest, "../"); rest = rest[3:] {
		start = path.Join(start, "..")
	}
	err = fs.WalkDir(fsys, start, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && expr.MatchString(name) {
			dirs = append(dirs, name)
		}
		return err
	})
	return dirs, err
}

// globber expands a pattern one path element at a time and follows links, as cargo does.
type globber struct {
	fsys   fs.FS
	listed int
}

func (g *globber) expand(pattern string) ([]string, error) {
	found := []string{"."}
	for part := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(part, ""); err != nil {
			return nil, err
		}
		var next []string
		for _, dir := range found {
			names, err := g.below(dir, part)
			if err != nil {
				return nil, err
			}
			if next = append(next, names...); len(next) > maxMembers {
				return nil, fmt.Errorf("%s matches more than %d directories", quote.Line(part), maxMembers)
			}
		}
		found = next
	}
	slices.Sort(found)
	return found, nil
}

// below returns what one element of a pattern matches in a directory.
func (g *globber) below(dir, part string) ([]string, error) {
	if !strings.ContainsAny(part, `*?[\`) {
		name := path.Join(dir, part)
		if _, err := fs.Stat(g.fsys, name); absent(err) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		return []string{name}, nil
	}
	if g.listed++; g.listed > maxListed {
		return nil, fmt.Errorf("more than %d directories have to be listed for it", maxListed)
	}
	entries, err := fs.ReadDir(g.fsys, dir)
	if absent(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if ok, _ := path.Match(part, e.Name()); ok && (e.IsDir() || e.Type()&fs.ModeSymlink != 0) {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	return names, err
}

// absent reports whether an error means that a file does not exist. Like cargo, this includes
// paths through a file and links that form a cycle.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

func checkPattern(pattern string) error {
	if len(pattern) > maxPattern {
		return fmt.Errorf("a pattern of %d bytes, expected at most %d", len(pattern), maxPattern)
	}
	return nil
}
