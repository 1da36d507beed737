package finding

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestString checks where a finding is said to be: a line, a file, a crate, or nowhere.
func TestString(t *testing.T) {
	for _, tt := range []struct {
		f    Finding
		want string
	}{
		{Finding{What: "w"}, "w"},
		{Finding{What: "w", Do: "d"}, "w: d"},
		{Finding{Crate: "a", What: "w"}, `crate "a": w`},
		{Finding{Crate: "a", File: "a/Cargo.toml", What: "w", Do: "d"}, "a/Cargo.toml: w: d"},
		{Finding{Crate: "a", File: "a/Cargo.toml", Line: 7, What: "w"}, "a/Cargo.toml:7: w"},
		{Finding{Line: 7, What: "w"}, "w"},
	} {
		if got := tt.f.String(); got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.f, got, tt.want)
		}
	}
}

// TestSorted checks the order, that each finding is there once, and that the list itself is not
// changed.
func TestSorted(t *testing.T) {
	list := List{
		{Stops: Nothing, File: "a", What: "1"},
		{Stops: Everything, File: "b", Line: 10, What: "3"},
		{Stops: Release, File: "a", What: "4"},
		{Stops: Everything, File: "b", Line: 9, What: "2"},
		{Stops: Registry, File: "a", What: "5"},
		{Stops: Nothing, File: "a", What: "1"},
		{Stops: Everything, File: "a", Line: 99, What: "1"},
	}
	before := slices.Clone(list)
	var got []string
	for _, f := range list.Sorted() {
		got = append(got, string(f.Stops)+" "+f.What)
	}
	if want := []string{"everything 1", "everything 2", "everything 3", "release 4", "registry 5", "nothing 1"}; !slices.Equal(got, want) {
		t.Errorf("sorted it is %q, want %q", got, want)
	}
	if !slices.Equal(list, before) {
		t.Error("the list was changed")
	}
}

// TestCheck checks that only findings which stop the run are in its error, and all of those.
func TestCheck(t *testing.T) {
	list := List{{Stops: Nothing, What: "note"}, {Stops: Release, What: "one"}, {Stops: Registry, What: "two"}}
	if err := list.Check("checking", Everything); err != nil {
		t.Errorf("nothing stops, and the error is %v", err)
	}
	err := list.Check("checking", Everything, Release)
	var stopped *Error
	if !errors.As(err, &stopped) || len(stopped.List) != 1 || err.Error() != "checking: one" {
		t.Errorf("one stops, and the error is %v", err)
	}
	err = list.Check("checking", Release, Registry)
	if err == nil || err.Error() != "checking:\n  one\n  two" || strings.Contains(err.Error(), "note") {
		t.Errorf("two stop, and the error is %v", err)
	}
}
