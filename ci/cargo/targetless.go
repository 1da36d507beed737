package cargo

import (
	"io/fs"
	"path"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// checkTargets refuses a crate without any target, as cargo does. A build script is none.
func (w *Workspace) checkTargets(c *Crate, m *manifest) {
	if m.Lib != nil || c.Lib != nil || len(c.Bins)+len(m.Bin)+len(m.Example)+len(m.Test)+len(m.Bench) > 0 {
		return
	}
	for dir, auto := range map[string]*bool{"examples": m.Package.Autoexamples, "tests": m.Package.Autotests, "benches": m.Package.Autobenches} {
		if (auto == nil || *auto) && w.discovers(c, dir) {
			return
		}
	}
	f := fault{
		scope: ofCargo, stops: finding.Everything, at: []string{"package"},
		what: "the crate has no target for cargo to build: neither src/lib.rs nor src/main.rs, nor a [lib] or [[bin]]", do: "add one",
	}
	entries, _ := fs.ReadDir(w.fsys, path.Join(c.Dir, "src")) // there may be none
	for _, e := range entries {
		if lower := strings.ToLower(e.Name()); lower != e.Name() && (lower == "main.rs" || lower == "lib.rs") {
			f.do = "rename " + quote.Line("src/"+e.Name()) + " to src/" + lower
		}
	}
	c.faults = append(c.faults, f)
}

// discovers reports whether cargo finds a target in a directory of examples, tests or benchmarks.
func (w *Workspace) discovers(c *Crate, dir string) bool {
	entries, _ := fs.ReadDir(w.fsys, path.Join(c.Dir, dir)) // absent in most crates
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir() && w.isFile(c.Dir, path.Join(dir, e.Name(), "main.rs")), !e.IsDir() && path.Ext(e.Name()) == ".rs":
			return true
		}
	}
	return false
}
