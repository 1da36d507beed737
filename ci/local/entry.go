package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"dagger/slipway/ci/step"
)

// entry is the kept result of a step: steps/<key>/result.json.
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

// errDamaged is returned for a result that is not what its step left.
var errDamaged = errors.New("the cache is damaged")

func (s *store) readEntry(key string) (*entry, error) {
	dir := filepath.Join(s.dir, "steps", key)
	e, err := loadEntry(dir, key)
	if errors.Is(err, errDamaged) {
		return nil, errors.Join(err, s.drop("steps", key))
	}
	if err != nil {
		if _, there := os.Lstat(dir); there == nil { // what is half there would block its successor
			err = errors.Join(errDamaged, s.drop("steps", key))
		}
		return nil, err
	}
	s.used("steps", key)
	return e, nil
}

// loadEntry reads the entry of a directory.
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

// drop removes an entry, at once for everyone: first it loses its name.
func (s *store) drop(kind, key string) error {
	tmp, err := s.temp("drop-")
	if err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(s.dir, kind, key), filepath.Join(tmp, "entry")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("dropping %s %q: %w", kind, key, err)
	}
	return removeAll(tmp)
}

func (e *entry) path(output string) string {
	return filepath.Join(e.dir, e.Outputs[output].Path)
}

// verify compares an output with its digest, once per process.
func (e *entry) verify(output string) error {
	o, ok := e.Outputs[output]
	if !ok {
		return fmt.Errorf("taking output %q of step %q: the step leaves no such output", output, e.step.Name)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.verified[output] {
		return nil
	}
	good, err := whole(e.path(output), o.Digest, filepath.Join(e.dir, "stamp-"+strings.ReplaceAll(o.Path, "/", "-")))
	if err != nil || !good {
		return fmt.Errorf("taking output %q of step %q: %w", output, e.step.Name, errDamaged)
	}
	e.verified[output] = true
	return nil
}

// capture moves a step's outputs from the work directory into a new entry's
// directory and writes its result. An output inside another is kept once.
func capture(s step.Step, key, stdout, entryDir string, where func(step.Output) string) (*entry, error) {
	e := &entry{Key: key, Stdout: stdout, Outputs: map[string]kept{}}
	if err := os.MkdirAll(filepath.Join(entryDir, "out"), 0o755); err != nil {
		return nil, err
	}
	for i, o := range s.Outputs {
		if inside(s, i) >= 0 {
			continue
		}
		from := where(o)
		if _, err := os.Lstat(from); err != nil {
			return nil, step.MissingError(s, o)
		}
		if err := discard(from, s.Discard); err != nil {
			return nil, err
		}
		to := filepath.Join("out", fmt.Sprint(i))
		if err := os.Rename(from, filepath.Join(entryDir, to)); err != nil {
			return nil, err
		}
		e.Outputs[o.Name] = kept{Path: to}
	}
	for i, o := range s.Outputs {
		if outer := inside(s, i); outer >= 0 {
			rel, err := filepath.Rel(s.Outputs[outer].Path, o.Path)
			if err != nil {
				return nil, err
			}
			e.Outputs[o.Name] = kept{Path: filepath.Join("out", fmt.Sprint(outer), rel)}
		}
		k := e.Outputs[o.Name]
		if _, err := os.Lstat(filepath.Join(entryDir, k.Path)); err != nil {
			return nil, step.MissingError(s, o)
		}
		var err error
		if k.Digest, err = digestTree(filepath.Join(entryDir, k.Path), nil); err != nil {
			return nil, err
		}
		e.Outputs[o.Name] = k
	}
	raw, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return nil, err
	}
	return e, os.WriteFile(filepath.Join(entryDir, "result.json"), raw, 0o644)
}

// inside returns the index of the outermost output that holds output i, or -1.
func inside(s step.Step, i int) int {
	best := -1
	for j, o := range s.Outputs {
		if j != i && step.Within(s.Outputs[i].Path, o.Path) && (best < 0 || len(o.Path) < len(s.Outputs[best].Path)) {
			best = j
		}
	}
	return best
}
