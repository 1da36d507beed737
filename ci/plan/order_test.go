package plan

import (
	"strings"
	"testing"
)

func TestOrder(t *testing.T) {
	w := readDir(t, example)
	for crate, want := range map[string]string{
		"":          "demo-app fetcher shimkit shim-core shim-demo",
		"shim-core": "shimkit shim-core",
		"shimkit":   "shimkit",
		"shim-demo": "shimkit shim-core shim-demo",
	} {
		text, err := Order(w, crate)
		var names []string
		for line := range strings.Lines(text) {
			name, _, _ := strings.Cut(line, " ")
			names = append(names, name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("the order for %q is %q, %v; want %q", crate, got, err, want)
		}
	}
	if text, err := Order(w, "shim-core"); err != nil || text != "shimkit 0.3.1  (to a registry)\nshim-core 0.2.0  (to a registry)\n" {
		t.Errorf("the text is\n%s%v", text, err)
	}
	if _, err := Order(w, "missing"); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("the order of a crate that is not there: %v", err)
	}
}
