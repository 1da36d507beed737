package changelog

import "strings"

// Names say whose notes are read from a changelog that several crates share. The zero
// value reads headings that have a version and no crate's name.
type Names struct {
	Crate string
	// Others are the names of the workspace's other crates.
	Others []string
}

// owner is whose a heading is.
type owner int

const (
	nobody owner = iota // no crate's: the file's
	ours                // the crate's
	others              // another crate's
)

// owners are the crates of the workspace, by their names as crates.io compares them.
type owners map[string]owner

func (n Names) owners() owners {
	of := owners{}
	for _, name := range n.Others {
		of[foldName(name)] = others
	}
	if n.Crate != "" {
		of[foldName(n.Crate)] = ours
	}
	return of
}

// find returns whose name a word is; it is known as none where no crate has it.
func (o owners) find(word string) (who owner, known bool) {
	who, known = o[foldName(word)]
	return who, known
}

func foldName(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }
