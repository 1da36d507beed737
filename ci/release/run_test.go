package release

import "testing"

// TestNoOut checks that what writes nothing needs no output directory.
func TestNoOut(t *testing.T) {
	rel, _ := newRelease(t)
	rel.Out = ""
	if s, err := rel.Test(t.Context()); err != nil || s.Crates[0].Tests[0].Passed != 3 {
		t.Errorf("%+v, %v", s, err)
	}
}
