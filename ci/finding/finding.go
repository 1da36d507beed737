// Package finding describes, as values, what is wrong with a workspace and what whoever
// releases it should know. A plan lists all of them at once; what one stops decides how far a
// dry run and a release go. What slipway cannot read at all is an error instead.
package finding

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Stops is what a finding stops.
type Stops string

// What a finding can stop, from the least on.
const (
	Nothing    Stops = "nothing"    // it is worth knowing
	Registry   Stops = "registry"   // a registry would not take the crate
	Release    Stops = "release"    // a release; a dry run runs to its end
	Everything Stops = "everything" // a dry run too: nothing could be built
)

var weight = map[Stops]int{Nothing: 0, Registry: 1, Release: 2, Everything: 3}

// Finding is one thing that is wrong, or worth knowing.
type Finding struct {
	Stops Stops `json:"stops"`
	// Crate is the crate that it is about, "" for the workspace.
	Crate string `json:"crate,omitempty"`
	// File is slash-separated and relative to the workspace's root, "" for no file; Line
	// counts from 1, 0 where the whole file is meant.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// What says what was found and what was expected, without a full stop.
	What string `json:"what"`
	// Do says what whoever releases can do about it, "" for nothing.
	Do string `json:"do,omitempty"`
}

// String renders the finding on one line: place, what was found, what to do.
func (f Finding) String() string {
	place := f.File
	if place != "" && f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	if place == "" && f.Crate != "" { // the file's directory says which crate it is
		place = "crate " + strconv.Quote(f.Crate)
	}
	text := f.What
	if place != "" {
		text = place + ": " + text
	}
	if f.Do != "" {
		text += ": " + f.Do
	}
	return text
}

// List is what was found.
type List []Finding

// Sorted returns the list without duplicates, the heaviest first, then by place.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortFunc(sorted, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(weight[b.Stops], weight[a.Stops]), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Crate, b.Crate), cmp.Compare(a.What, b.What), cmp.Compare(a.Do, b.Do))
	})
	return slices.Compact(sorted)
}

// Stopping returns the findings that stop one of the named.
func (l List) Stopping(stops ...Stops) List {
	var list List
	for _, f := range l {
		if slices.Contains(stops, f.Stops) {
			list = append(list, f)
		}
	}
	return list
}

// Lines renders each finding on a line.
func (l List) Lines() []string {
	var lines []string
	for _, f := range l {
		lines = append(lines, f.String())
	}
	return lines
}

// Error is what findings that stop a run end it with.
type Error struct {
	// Doing says what was stopped, as "checking crate \"a\"".
	Doing string
	List  List
}

func (e *Error) Error() string {
	if len(e.List) == 1 {
		return e.Doing + ": " + e.List[0].String()
	}
	return e.Doing + ":\n  " + strings.Join(e.List.Lines(), "\n  ")
}

// Check returns an *Error with the findings that stop one of the named, nil where none does.
func (l List) Check(doing string, stops ...Stops) error {
	if stopping := l.Stopping(stops...).Sorted(); len(stopping) > 0 {
		return &Error{Doing: doing, List: stopping}
	}
	return nil
}
