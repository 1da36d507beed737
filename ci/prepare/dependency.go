package prepare

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/tomlfile"
)

// dependency is one entry of a manifest's dependency tables.
type dependency struct {
	alias, name string
	asked       string // the requirement, "" for none
	path        string
	git         bool
	at          []string // the key path of the requirement
}

// dependencies returns the entries of a dependency table, sorted by alias.
func (m *manifest) dependencies(table []string) []dependency {
	entries, _ := m.at(table...).(map[string]any)
	var list []dependency
	for alias, entry := range entries {
		spec, isTable := entry.(map[string]any)
		at := slices.Concat(table, []string{alias})
		if isTable {
			at = append(at, "version")
		} else {
			spec = map[string]any{"version": entry}
		}
		d := dependency{alias: alias, name: alias, asked: stringAt(spec, "version"), path: stringAt(spec, "path"), git: stringAt(spec, "git") != "", at: at}
		if renamed := stringAt(spec, "package"); renamed != "" {
			d.name = renamed
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b dependency) int { return strings.Compare(a.alias, b.alias) })
	return list
}

// place returns the file and line of a string, for messages.
func (m *manifest) place(path []string) string {
	spans, err := tomlfile.Locate(m.text)
	if at, found := spans.String(path...); err == nil && found {
		return fmt.Sprintf("%q line %d", m.file, tomlfile.LineOf(m.text, at.Start))
	}
	return fmt.Sprintf("%q at %q", m.file, strings.Join(path, "."))
}
