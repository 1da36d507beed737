package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"dagger/slipway/ci/quote"
)

// findBins returns the crate's binaries, declared and discovered, sorted by name.
func (w *Workspace) findBins(c *Crate, m *manifest) []Target {
	found := map[string]Target{}
	for i, t := range m.Bin {
		if t.Name == "" {
			c.refuse(errors.New("a [[bin]] has no name"), "bin", strconv.Itoa(i))
			continue
		}
		if _, dup := found[t.Name]; dup {
			c.refuse(fmt.Errorf("binary %q is declared twice", t.Name), "bin", strconv.Itoa(i))
			continue
		}
		file, there := w.binPath(c, t)
		if !there {
			c.refuse(fmt.Errorf("there is no file for binary %s: expected %s", quote.Line(t.Name), quote.Line(file)), "bin", strconv.Itoa(i))
		}
		found[t.Name] = Target{Name: t.Name, Path: file, RequiredFeatures: t.RequiredFeatures, declared: i + 1}
	}
	auto := m.Package.Autobins == nil && !(c.Edition2015() && len(m.Bin) > 0) || m.Package.Autobins != nil && *m.Package.Autobins
	if auto {
		for _, t := range w.discoverBins(c) {
			if _, declared := found[t.Name]; !declared && !slices.ContainsFunc(m.Bin, func(d targetTable) bool { return path.Clean(d.Path) == t.Path }) {
				found[t.Name] = t
			}
		}
	}
	var bins []Target
	for _, t := range found {
		bins = append(bins, t)
	}
	slices.SortFunc(bins, func(a, b Target) int { return strings.Compare(a.Name, b.Name) })
	return bins
}

// checkBinaryName refuses a name that could lead out of the target directory or the tarball, or
// that a program could take for an option.
func checkBinaryName(name string) error {
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || i > 0 && (c == '-' || c == '.') {
			continue
		}
		if i == 0 && (c == '-' || c == '.') {
			return fmt.Errorf("binary %s: it must not begin with %q", quote.Line(name), c)
		}
		return fmt.Errorf("binary %s: byte %d (%s) is not an ASCII letter, a digit, `-`, `.` or `_`", quote.Line(name), i+1, quote.Line(name[i:i+1]))
	}
	return nil
}

// Edition2015 reports whether the crate uses edition 2015, cargo's default. There, declaring one
// binary turns off the discovery of others.
func (c *Crate) Edition2015() bool { return c.Edition == "" || c.Edition == "2015" }

func (w *Workspace) discoverBins(c *Crate) []Target {
	var bins []Target
	if w.isFile(c.Dir, "src/main.rs") {
		bins = append(bins, Target{Name: c.Name, Path: "src/main.rs"})
	}
	entries, _ := fs.ReadDir(w.fsys, path.Join(c.Dir, "src/bin")) // absent in most crates
	for _, e := range entries {
		name, isRust := strings.CutSuffix(e.Name(), ".rs")
		switch {
		case strings.HasPrefix(e.Name(), "."): // cargo skips these, such as editors and macOS leave behind
		case isRust && !e.IsDir():
			bins = append(bins, Target{Name: name, Path: "src/bin/" + e.Name()})
		case e.IsDir() && w.isFile(c.Dir, "src/bin/"+e.Name()+"/main.rs"):
			bins = append(bins, Target{Name: e.Name(), Path: "src/bin/" + e.Name() + "/main.rs"})
		}
	}
	return bins
}

// binPath returns the path of a declared binary, inferred as cargo does if it is not given, and
// whether there is one. Edition 2015 has more places than the later ones.
func (w *Workspace) binPath(c *Crate, t targetTable) (string, bool) {
	if t.Path != "" {
		return path.Clean(t.Path), true
	}
	places := []string{"src/bin/" + t.Name + ".rs", "src/bin/" + t.Name + "/main.rs"}
	if t.Name == c.Name {
		places = append(places, "src/main.rs")
	}
	if c.Edition2015() && c.Lib == nil {
		places = append(places, "src/"+t.Name+".rs")
	}
	if c.Edition2015() {
		places = append(places, "src/main.rs", "src/bin/main.rs")
	}
	for _, p := range places {
		if w.isFile(c.Dir, p) {
			return p, true
		}
	}
	return places[0], false
}
