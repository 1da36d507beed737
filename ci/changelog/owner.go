package changelog

import "strings"

// Names says whose notes to read from a changelog that several crates share. With the zero
// value only headings with a version and no crate's name count.
type Names struct {
	Crate string
	// Others holds the names of the workspace's other crates.
	Others []string
}

// owner says whose a heading is.
type owner int

const (
	nobody owner = iota // names no crate
	ours                // names the crate
	others              // names another crate
)

// owners maps the crates of the workspace to their owner, by name in the form that
// crates.io compares.
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

// find returns whose name a word is. known is false if it is not the name of a crate.
func (o owners) find(word string) (who owner, known bool) {
	who, known = o[foldName(word)]
	return who, known
}

func foldName(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }
