// Package finding describes faults of a workspace, and notes for the maintainer, as values. A
// plan lists all of them at once, and what they stop decides how far a dry run and a release go.
// Input that slipway cannot read at all is an error instead.
package finding

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Stops is what a finding stops.
type Stops string

// What a finding can stop, from least to most severe.
const (
	Nothing    Stops = "nothing"    // a note
	Registry   Stops = "registry"   // publishing to a registry, which would refuse the crate
	Release    Stops = "release"    // a release, but not a dry run
	Everything Stops = "everything" // a dry run too, because nothing could be built
)

var weight = map[Stops]int{Nothing: 0, Registry: 1, Release: 2, Everything: 3}

// Finding is one fault or note.
type Finding struct {
	Stops Stops `json:"stops"`
	// Crate is the crate that the finding is about, "" for the workspace.
	Crate string `json:"crate,omitempty"`
	// File is slash-separated and relative to the workspace root, "" for none. Line counts from
	// 1; 0 means the whole file.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// What says what was found and what was expected, without a full stop.
	What string `json:"what"`
	// Do says what the maintainer can do about it, "" for nothing.
	Do string `json:"do,omitempty"`
}

// String returns the finding on one line: place, what was found, what to do.
func (f Finding) String() string {
	place := f.File
	if place != "" && f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	if place == "" && f.Crate != "" { // a file's directory already shows the crate
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

// List is a list of findings.
type List []Finding

// Sorted returns the list without duplicates, most severe first, then by place.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortFunc(sorted, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(weight[b.Stops], weight[a.Stops]), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Crate, b.Crate), cmp.Compare(a.What, b.What), cmp.Compare(a.Do, b.Do))
	})
	return slices.Compact(sorted)
}

// Stopping returns the findings that stop one of stops.
func (l List) Stopping(stops ...Stops) List {
	var list List
	for _, f := range l {
		if slices.Contains(stops, f.Stops) {
			list = append(list, f)
		}
	}
	return list
}

// Lines returns each finding as one line.
func (l List) Lines() []string {
	var lines []string
	for _, f := range l {
		lines = append(lines, f.String())
	}
	return lines
}

// Error is the error of a run that findings have stopped.
type Error struct {
	// Doing says what was stopped, such as "checking crate \"a\"".
	Doing string
	List  List
}

func (e *Error) Error() string {
	if len(e.List) == 1 {
		return e.Doing + ": " + e.List[0].String()
	}
	return e.Doing + ":\n  " + strings.Join(e.List.Lines(), "\n  ")
}

// Check returns an *Error with the findings that stop one of stops, nil if there are none.
func (l List) Check(doing string, stops ...Stops) error {
	if stopping := l.Stopping(stops...).Sorted(); len(stopping) > 0 {
		return &Error{Doing: doing, List: stopping}
	}
	return nil
}
