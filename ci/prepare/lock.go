package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

const lockFile = "Cargo.lock"

// locked is a package in a lock file.
type locked struct {
	name, version, source string
	deps                  []any
}

// editLock sets the new version in the lock file for all crates that get it, if there is one.
// It does not run cargo; a later step checks the result with it.
func (p *preparation) editLock() error {
	before, err := p.read(lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		p.note("There is no %q, so no version changes there.", lockFile)
		return nil
	}
	if err != nil {
		return err
	}
	tree, err := parse(lockFile, before)
	if err != nil {
		return err
	}
	values, err := p.lockValues(packagesOf(tree))
	if err != nil {
		return err
	}
	after, err := setStrings(lockFile, before, values)
	if err != nil {
		return err
	}
	p.edit(lockFile, before, after)
	return nil
}

func packagesOf(tree map[string]any) []locked {
	tables, _ := tree["package"].([]map[string]any)
	packages := make([]locked, len(tables))
	for i, t := range tables {
		packages[i] = locked{name: stringAt(t, "name"), version: stringAt(t, "version"), source: stringAt(t, "source")}
		packages[i].deps, _ = t["dependencies"].([]any)
	}
	return packages
}

// inPackage returns the path of a key in the i-th package.
func inPackage(i int, rest ...string) []string {
	return slices.Concat([]string{"package", strconv.Itoa(i)}, rest)
}

// lockValues returns the changes of a lock file: the versions of the crates that get the new
// one, and the references to them in other packages.
func (p *preparation) lockValues(old []locked) ([]value, error) {
	renewed := slices.Clone(old)
	var values []value
	for _, c := range p.changed {
		has := "no such crate"
		found := false
		for i, l := range old {
			if l.name != c.Name || l.source != "" {
				continue
			}
			has = l.version
			if l.version == c.Version {
				found = true
				renewed[i].version = p.to.String()
				values = append(values, value{inPackage(i, "version"), p.to.String()})
			}
		}
		if !found {
			return nil, fmt.Errorf("editing %q: expected crate %q at %s, as in its manifest, and it has %s: run \"cargo update --workspace\" and commit the file first", lockFile, c.Name, c.Version, has)
		}
		if others := namesakes(old, c.Name); len(others) > 0 {
			p.note("%q has other packages of the name %q, %s: cargo may put them in another order when it next writes the file.", lockFile, c.Name, list(others))
		}
	}
	return append(values, p.references(old, renewed)...), nil
}

// references returns the changes of the references to changed crates in other packages.
func (p *preparation) references(old, renewed []locked) []value {
	var values []value
	for i, l := range old {
		for j, d := range l.deps {
			was, _ := d.(string)
			if now := p.renamed(was, old, renewed); now != was {
				values = append(values, value{inPackage(i, "dependencies", strconv.Itoa(j)), now})
			}
		}
	}
	return values
}

// namesakes lists the versions of packages with that name that are not in the workspace.
func namesakes(all []locked, name string) []string {
	var list []string
	for _, l := range all {
		if l.name == name && l.source != "" {
			list = append(list, l.version)
		}
	}
	return list
}

// renamed returns how a dependency is written in the new lock file: with as much of name,
// version and source as is needed to be unambiguous. If it had more than needed, as in lock
// files of version 1, it keeps that much.
func (p *preparation) renamed(dependency string, old, renewed []locked) string {
	words := strings.Fields(dependency)
	if len(words) == 0 || p.isChanged(words[0]) == nil {
		return dependency
	}
	of := -1
	for i, l := range old {
		full := l.words()
		fits := len(words) <= len(full) && slices.Equal(words, full[:len(words)])
		if fits && (of < 0 || l.source == "") { // a workspace package has no source
			of = i
		}
	}
	if of < 0 {
		return dependency
	}
	count := wordsToTell(old, of)
	if len(words) <= count {
		count = wordsToTell(renewed, of)
	} else {
		count = len(words)
	}
	full := renewed[of].words()
	return strings.Join(full[:min(count, len(full))], " ")
}

// words returns the parts of a package's fully qualified name as a dependency. The commit of a
// git source is not part of it.
func (l locked) words() []string {
	if l.source == "" {
		return []string{l.name, l.version}
	}
	source, _, _ := strings.Cut(l.source, "#")
	return []string{l.name, l.version, "(" + source + ")"}
}

// wordsToTell returns how many words identify a package unambiguously.
func wordsToTell(all []locked, i int) int {
	words := 1
	for j, l := range all {
		switch {
		case j == i || l.name != all[i].name:
		case l.version == all[i].version:
			return 3
		default:
			words = 2
		}
	}
	return words
}
