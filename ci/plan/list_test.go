package plan

import (
	"strings"
	"testing"
)

// TestEmptyLists checks that a list that was given but is empty never means all.
func TestEmptyLists(t *testing.T) {
	for name, list := range map[string][]string{"empty": {}, "a name is empty": {""}, "one of two": {"a", ""}} {
		w := read(t, base(nil))
		_, err := chooseCrates(w, list)
		wantEmpty(t, name, "--crates", err)
		_, err = chooseImages(w, list)
		wantEmpty(t, name, "--image", err)
		wantEmpty(t, name, "--initial-release", (&Plan{}).CheckInitial(list))
	}
	if err := (&Plan{}).CheckInitial(nil); err != nil {
		t.Error(err)
	}
}

func wantEmpty(t *testing.T, name, flag string, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "checking "+flag) || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("%s, %s: the error is %v", name, flag, err)
	}
}
