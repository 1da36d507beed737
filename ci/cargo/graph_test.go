package cargo

import (
	"strings"
	"testing"
)

// graph returns a workspace made from lines such as "a: b c dev:d build:e unix:f renamed:g"; devv
// is a development dependency with a version.
func graph(t *testing.T, lines ...string) *Workspace {
	t.Helper()
	in := map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"m/*\"]"}
	for _, line := range lines {
		name, deps, _ := strings.Cut(line, ":")
		text := pkg(name, published)
		for _, d := range strings.Fields(deps) {
			kind, to, found := strings.Cut(d, ":")
			if !found {
				kind, to = "", d
			}
			table := map[string]string{"": "dependencies", "dev": "dev-dependencies", "devv": "dev-dependencies", "build": "build-dependencies", "unix": "target.'cfg(unix)'.dependencies", "renamed": "dependencies"}[kind]
			key, rename := to, ""
			if kind == "renamed" {
				key, rename = to+"-other", ", package = \""+to+"\""
			}
			if kind == "devv" {
				rename = ", version = \"1\""
			}
			text += "[" + table + "." + key + "]\n" + strings.ReplaceAll("path = \"../"+to+"\""+rename, ", ", "\n") + "\n"
		}
		in["m/"+name+"/Cargo.toml"] = text
	}
	return read(t, in)
}

func names(list []*Crate) string {
	var s []string
	for _, c := range list {
		s = append(s, c.Name)
	}
	return strings.Join(s, " ")
}

func TestOrder(t *testing.T) {
	tests := []struct{ name, graph, want string }{
		{"alone, by name", "b|a|c", "a b c"},
		{"chain", "a: b|b: c|c:", "c b a"},
		{"diamond", "a: b c|b: d|c: d|d:", "d b c a"},
		{"build dependency", "a: build:b|b:", "b a"},
		{"target-specific", "a: unix:b|b:", "b a"},
		{"renamed", "a: renamed:b|b:", "b a"},
		{"development does not count", "a: dev:b|b:", "a b"},
		{"development cycle is none", "a: b|b: dev:a", "b a"},
		{"versioned development counts", "a: devv:b|b:", "b a"},
		{"versioned development behind another", "a: devv:c|b: devv:a|c: unix:d|d:", "d c a b"},
		{"versioned development cycle does not count", "a: devv:b|b: a|c: devv:a", "a b c"},
		{"longer versioned development cycle", "a: devv:c|b: a|c: b|d: devv:c devv:e|e: devv:d", "a b c d e"},
		{"dependency on itself for its tests", "a: dev:a", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			order, err := graph(t, strings.Split(tt.graph, "|")...).Order()
			if got := names(order); got != tt.want || err != nil {
				t.Errorf("Order = %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestOrderCycle(t *testing.T) {
	w := graph(t, "a: b", "b: c", "c: unix:d", "d: renamed:b", "e:")
	_, err := w.Order()
	wantError(t, err, "dependency cycle b → c → d → b")
	if strings.Contains(err.Error(), "a →") {
		t.Errorf("error %q shows more than the cycle", err)
	}
	_, err = w.Requires(crate(t, w, "e"))
	wantError(t, err, "dependency cycle")
}

func TestClosureAndRequires(t *testing.T) {
	w := graph(t, "top: mid dev:helper", "mid: base build:gen", "base:", "gen: unix:base", "helper: dev:extra renamed:base", "extra:", "other: top")
	tests := []struct{ crate, closure, requires string }{
		{"top", "base extra gen helper mid top", "base gen mid"},
		{"mid", "base gen mid", "base gen"},
		{"base", "base", ""},
		{"helper", "base extra helper", "base"},
		{"other", "base extra gen helper mid other top", "base gen mid top"},
	}
	for _, tt := range tests {
		c := crate(t, w, tt.crate)
		before, err := w.Requires(c)
		if names(w.Closure(c)) != tt.closure || names(before) != tt.requires || err != nil {
			t.Errorf("%s: Closure %s, Requires %s, %v", tt.crate, names(w.Closure(c)), names(before), err)
		}
	}
}

func TestFetches(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":   "[workspace]\nmembers = [\"a\", \"b\", \"c\"]",
		"a/Cargo.toml": pkg("a", "[dependencies]\nb = { path = \"../b\" }"),
		"b/Cargo.toml": pkg("b"),
		"c/Cargo.toml": pkg("c", "[dev-dependencies]\nlog = \"0.4\""),
	})
	for name, want := range map[string]bool{"a": false, "b": false, "c": true} {
		if got := w.Fetches(crate(t, w, name)); got != want {
			t.Errorf("Fetches(%s) = %t", name, got)
		}
	}
}
