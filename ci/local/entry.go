package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/step"
)

// entry is the cached result of a step: steps/<key>/result.json.
type entry struct {
	Key     string          `json:"key"`
	Stdout  string          `json:"stdout"`
	Outputs map[string]kept `json:"outputs"`

	dir      string
	step     step.Step
	mu       sync.Mutex
	verified map[string]bool
}

// kept is an output in the store.
type kept struct {
	Path   string `json:"path"` // relative to the entry's directory
	Digest string `json:"digest"`
}

// errDamaged is returned for a result that differs from what its step left.
var errDamaged = errors.New("the cache is damaged")

func (s *store) readEntry(key string) (*entry, error) {
	dir := filepath.Join(s.dir, "steps", key)
	e, err := loadEntry(dir, key)
	if errors.Is(err, errDamaged) {
		return nil, errors.Join(err, s.drop("steps", key))
	}
	if err != nil {
		if _, there := os.Lstat(dir); there == nil { // a partial entry would block a new one
			err = errors.Join(errDamaged, s.drop("steps", key))
		}
		return nil, err
	}
	s.used("steps", key)
	return e, nil
}

// loadEntry reads the entry in a directory.
func loadEntry(dir, key string) (*entry, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		return nil, err
	}
	e := &entry{dir: dir, verified: map[string]bool{}}
	if err := json.Unmarshal(raw, e); err != nil || e.Key != key {
		return nil, errDamaged
	}
	return e, nil
}

// drop removes an entry atomically for other processes: it is renamed first.
func (s *store) drop(kind, key string) error {
	tmp, err := s.temp("drop-")
	if err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(s.dir, kind, key), filepath.Join(tmp, "entry")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("dropping %s %q: %w", kind, key, err)
	}
	return beneath.RemoveAll(tmp)
}

func (e *entry) path(output string) string {
	return filepath.Join(e.dir, e.Outputs[output].Path)
}

// beneath returns an error unless an output is a file or directory in the entry itself, not
// reached through a link.
func (e *entry) beneath(output string) error {
	d, err := beneath.OpenDir(e.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	name := filepath.ToSlash(e.Outputs[output].Path)
	if err := d.Check(name, true); err != nil {
		return d.Check(name, false)
	}
	return nil
}

// verify compares an output with its digest, once per process.
func (e *entry) verify(ctx context.Context, output string) error {
	o, ok := e.Outputs[output]
	if !ok {
		return fmt.Errorf("taking output %q of step %q: the step has no such output", output, e.step.Name)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.verified[output] {
		return nil
	}
	if err := e.beneath(output); err != nil {
		return fmt.Errorf("taking output %q of step %q: %w: %w", output, e.step.Name, errDamaged, err)
	}
	good, err := intact(ctx, e.path(output), o.Digest, filepath.Join(e.dir, "stamp-"+strings.ReplaceAll(o.Path, "/", "-")))
	if ctx.Err() != nil {
		return fmt.Errorf("taking output %q of step %q: %w", output, e.step.Name, context.Cause(ctx))
	}
	if err != nil || !good {
		return fmt.Errorf("taking output %q of step %q: %w", output, e.step.Name, errDamaged)
	}
	e.verified[output] = true
	return nil
}

// capture moves a step's outputs from the work directory into a new entry's directory and writes
// its result. An output inside another is stored once. where returns the path of an output
// relative to work, in which the step's command may have left anything: links in an output's path
// are refused. fits is called with the size of the outputs (see outputsSize) before anything in
// them is read, and can refuse it.
func capture(ctx context.Context, s step.Step, key, stdout, work, entryDir string, where func(step.Output) (string, error), fits func(size int64) error) (*entry, error) {
	e := &entry{Key: key, Stdout: stdout, Outputs: map[string]kept{}}
	if err := os.MkdirAll(filepath.Join(entryDir, "out"), 0o755); err != nil {
		return nil, err
	}
	from, err := beneath.OpenDir(work)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := beneath.OpenDir(entryDir)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	names := make([]string, len(s.Outputs))
	for i, o := range s.Outputs { // check all before anything is moved
		if names[i], err = where(o); err == nil {
			err = checkOutput(s, o, from, names[i])
		}
		if err != nil {
			return nil, err
		}
	}
	for i, o := range s.Outputs {
		if inside(s, i) < 0 {
			if err := take(s, o, from, names[i], to, fmt.Sprint(i)); err != nil {
				return nil, err
			}
		}
	}
	size, err := outputsSize(s, to)
	if err != nil {
		return nil, fmt.Errorf("storing the outputs of step %q: %w", s.Name, err)
	}
	if err := fits(size); err != nil {
		return nil, fmt.Errorf("running step %q: %w", s.Name, err)
	}
	for i, o := range s.Outputs {
		if e.Outputs[o.Name], err = keepOutput(ctx, s, i, entryDir, to); err != nil {
			return nil, err
		}
	}
	raw, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return nil, err
	}
	return e, os.WriteFile(filepath.Join(entryDir, "result.json"), raw, 0o644)
}

// take moves an output from the work directory into the entry and removes what the step discards.
func take(s step.Step, o step.Output, from *beneath.Dir, name string, entry *beneath.Dir, as string) error {
	out, err := entry.Dir("out")
	if err != nil {
		return err
	}
	defer out.Close()
	if err := from.Move(name, out, as); err != nil {
		return fmt.Errorf("storing output %q of step %q: %w", o.Name, s.Name, err)
	}
	// Settle comes first: nothing can be removed from a directory that its owner may not write
	// to.
	if err = out.Settle(as, beneath.KeptLimits()); err == nil {
		err = out.Discard(as, s.Discard)
	}
	if err != nil {
		return fmt.Errorf("storing output %q of step %q: %w", o.Name, s.Name, step.OutputError(o, as, err))
	}
	return nil
}

// checkOutput returns an error unless an output exists under a name in a directory and has the
// right type, directory or regular file, with no link in its path.
func checkOutput(s step.Step, o step.Output, below *beneath.Dir, name string) error {
	err := below.Check(name, o.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return step.MissingError(s, o)
	}
	if err != nil {
		return fmt.Errorf("storing output %q of step %q: %w", o.Name, s.Name, step.OutputError(o, name, err))
	}
	return nil
}

// keepOutput returns the location in the entry of output i of a step, and its digest.
func keepOutput(ctx context.Context, s step.Step, i int, entryDir string, entry *beneath.Dir) (kept, error) {
	o, k := s.Outputs[i], kept{Path: filepath.Join("out", fmt.Sprint(i))}
	if outer := inside(s, i); outer >= 0 {
		rel, err := filepath.Rel(s.Outputs[outer].Path, o.Path)
		if err != nil {
			return k, err
		}
		k.Path = filepath.Join("out", fmt.Sprint(outer), rel)
		if err := checkOutput(s, o, entry, k.Path); err != nil {
			return k, err
		}
	}
	var err error
	k.Digest, err = digestTree(ctx, filepath.Join(entryDir, k.Path))
	return k, err
}

// inside returns the index of the outermost output that contains output i, or -1.
func inside(s step.Step, i int) int {
	best := -1
	for j, o := range s.Outputs {
		if j != i && step.Within(s.Outputs[i].Path, o.Path) && (best < 0 || len(o.Path) < len(s.Outputs[best].Path)) {
			best = j
		}
	}
	return best
}
