package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// row is the result for one crate.
type row struct {
	Crate   string `json:"crate"`
	Version string `json:"version"`
	// SHA256 is the digest of the .crate on crates.io.
	SHA256 string `json:"sha256"`
	// Slipway is the commit of slipway that released it.
	Slipway string `json:"slipway"`
	Planned bool   `json:"planned"`
	// Findings are the plan's findings.
	Findings []found  `json:"findings,omitempty"`
	Right    bool     `json:"right"`
	Why      string   `json:"why,omitempty"` // what is wrong: slipway's error, or what is missing from its output
	Plan     string   `json:"plan,omitempty"`
	Tests    []tests  `json:"tests,omitempty"`
	Binaries []binary `json:"binaries,omitempty"`
}

type found struct {
	Stops string `json:"stops"`
	File  string `json:"file,omitempty"`
	What  string `json:"what"`
}

type tests struct {
	Target  string `json:"target"`
	Passed  int    `json:"passed"`
	Ignored int    `json:"ignored"`
	How     string `json:"how"`
}

type binary struct {
	Name   string `json:"name"`
	Target string `json:"target"`
	Size   int    `json:"size"`
	Says   string `json:"says"` // the first line of --version
}

func (r row) verdict() string {
	if r.Right {
		return "right"
	}
	return "wrong"
}

// table holds the rows of all crates ever run, sorted by name.
type table struct{ rows []row }

// readTable reads the rows of earlier runs from a directory. If that is "" or has none, the
// table is empty. Rows of crates, or versions, that are no longer on the list are dropped.
func readTable(dir string) (*table, error) {
	t := &table{rows: []row{}}
	if dir == "" {
		return t, nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, "RESULTS.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &t.rows); err != nil {
		return nil, fmt.Errorf("reading RESULTS.json: %w: remove it, and run all crates", err)
	}
	crates, err := parseList(listed)
	t.rows = slices.DeleteFunc(t.rows, func(r row) bool {
		return !slices.ContainsFunc(crates, func(c crate) bool { return c.Name == r.Crate && c.Version == r.Version })
	})
	return t, err
}

// put adds a row, replacing an earlier one of the same crate.
func (t *table) put(r row) {
	t.rows = slices.DeleteFunc(t.rows, func(old row) bool { return old.Crate == r.Crate })
	t.rows = append(t.rows, r)
	slices.SortFunc(t.rows, func(a, b row) int { return cmp.Compare(a.Crate, b.Crate) })
}

func (t *table) count() string {
	right, planned := 0, 0
	for _, r := range t.rows {
		if r.Right {
			right++
		}
		if r.Planned {
			planned++
		}
	}
	return fmt.Sprintf("%d of %d crates are right, %d are planned", right, len(t.rows), planned)
}

// write writes the table to a directory as JSON and as Markdown.
func (t *table) write(dir string) error {
	if dir == "" {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(t.rows); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "RESULTS.json"), b.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(t.markdown()), 0o644))
}

func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString(`# Crates that no one here wrote

Each crate is taken from crates.io as it was published, made a git repository of one
commit, planned and dry-run unedited with the local runner: built for both musl targets
without a network, tested on both, packaged. Right means that the plan does not say of what
crates.io has taken that it would refuse it, that the dry run went to its end, and that
every binary of both targets is static and answers ` + "`--version`" + `; otherwise "why" says what
came instead. RESULTS.json has the plans' findings, the digests and both targets' answers. ` + "`make corpus`" + ` writes this file.

`)
	fmt.Fprintf(&b, "%s.\n\n| crate | version | result | tests (x86_64, aarch64) | binaries | why | slipway |\n| --- | --- | --- | --- | --- | --- | --- |\n", t.count())
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Crate, r.Version, r.verdict(), r.passed(), r.said(), cell(r.Why), r.Slipway)
	}
	return b.String()
}

// passed returns the number of passed tests for each target.
func (r row) passed() string {
	var list []string
	for _, t := range r.Tests {
		list = append(list, fmt.Sprint(t.Passed))
	}
	return strings.Join(list, ", ")
}

// said returns what the binaries of the first target printed.
func (r row) said() string {
	var list []string
	for _, b := range r.Binaries {
		if b.Target == targets[0].triple {
			list = append(list, cell(b.Says))
		}
	}
	return strings.Join(list, "; ")
}

// cell escapes text for a Markdown table.
func cell(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "[", "\\[", "*", "\\*", "_", "\\_", "`", "\\`").Replace(text)
}
