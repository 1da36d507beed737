package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpToDate checks that functions.go is what the template and the declarations make.
func TestUpToDate(t *testing.T) {
	want, err := render()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "..", "..", "functions.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("functions.go is out of date: run go generate in the module's root, and dagger develop")
	}
}

// TestParameters checks the names, order and comments of parameters that selectors ask for.
func TestParameters(t *testing.T) {
	for name, tt := range map[string]struct {
		verb      string
		selectors []string
		want      string // names in order, with "!" for those that must be given
		err       string
	}{
		"all":              {"Plan", nil, "crate! version! asJSON", ""},
		"all but one":      {"Plan", []string{"-version"}, "crate! asJSON", ""},
		"some":             {"Images", []string{"version", "image"}, "version! image", ""},
		"renamed":          {"Dist", []string{"+staged", "+staged-digest=digest"}, "staged! digest!", ""},
		"required":         {"Order", []string{"!crate"}, "crate!", ""},
		"initialisms":      {"Signing", []string{"oidc-request-url", "rekor-url"}, "oidcRequestURL rekorURL", ""},
		"not in the verb":  {"Plan", []string{"-dist"}, "", `Plan has no options ["dist"]`},
		"not of functions": {"Plan", []string{"toolchain"}, "", `Plan has no options ["toolchain"]`},
		"no verb":          {"Plans", nil, "", `no verb "Plans"`},
	} {
		list, err := parameters(tt.verb, tt.selectors)
		var names []string
		for _, p := range list {
			if names = append(names, p.name); p.required {
				names[len(names)-1] += "!"
			}
		}
		if got := strings.Join(names, " "); err == nil && got != tt.want {
			t.Errorf("%s: %q, expected %q", name, got, tt.want)
		}
		if tt.err == "" != (err == nil) || err != nil && err.Error() != tt.err {
			t.Errorf("%s: the error is %v, expected %q", name, err, tt.err)
		}
	}
	text, err := params("Images", "registry", "+version")
	if want := "\t// Version of the images\n\tversion string,\n\t// Host of the registry, with its port where it has one\n\t//\n\t// +default=\"ghcr.io\"\n\tregistry string,"; err != nil || text != want {
		t.Errorf("%q, %v; expected %q", text, err, want)
	}
}
