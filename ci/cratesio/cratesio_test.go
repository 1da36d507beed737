package cratesio

import (
	"fmt"
	"strings"
	"testing"
)

// good returns a crate that crates.io accepts.
func good() Crate {
	return Crate{
		Name: "my-shim", Version: "1.2.3",
		Text: map[string]string{
			"description": "A shim", "license": "MIT OR Apache-2.0", "homepage": "https://example.org", "documentation": "https://docs.rs/my-shim",
			"repository": "https://github.com/example/my-shim", "rust-version": "1.85",
		},
		Keywords: []string{"wasm", "c++", "a_b-c", "0"}, Categories: []string{"command-line-utilities", "development-tools::testing"},
		Features:     map[string][]string{"default": {"cli", "dep:serde", "serde?/std"}, "c++17": {}, "_x.y": nil, "128bit": nil},
		Dependencies: []Dependency{{Path: []string{"dependencies", "serde"}, Name: "serde", Alias: "serde", Req: "1", Features: []string{"derive"}}},
	}
}

func repeat[T any](n int, f func(int) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = f(i)
	}
	return list
}

func TestCheck(t *testing.T) {
	if p := Check(good()); len(p) > 0 {
		t.Fatalf("problems of a good crate: %+v", p)
	}
	text := func(field, value string) func(*Crate) { return func(c *Crate) { c.Text[field] = value } }
	without := func(field string) func(*Crate) { return func(c *Crate) { delete(c.Text, field) } }
	dep := func(d Dependency) func(*Crate) {
		return func(c *Crate) { d.Path = []string{"dependencies", "x"}; c.Dependencies = []Dependency{d} }
	}
	tests := []struct {
		name   string
		change func(*Crate)
		path   string
		want   string // "" for nothing
	}{
		{"no description", without("description"), "package.description", "it has no description"},
		{"an empty description", text("description", ""), "package.description", "it has no description"},
		{"the longest description", text("description", strings.Repeat("x", 1000)), "", ""},
		{"a description too long", text("description", strings.Repeat("x", 1001)), "package.description", "has 1001 bytes, crates.io allows 1000"},
		{"no licence", without("license"), "package.license", "it has no licence"},
		{"a licence file alone", func(c *Crate) { delete(c.Text, "license"); c.Text["license-file"] = "LICENSE" }, "", ""},
		{"an empty licence beside a file", func(c *Crate) { c.Text["license"] = ""; c.Text["license-file"] = "LICENSE" }, "package.license", "it is empty"},
		{"a licence in words", text("license", "The MIT Licence"), "package.license", `"The" is not an identifier`},
		{"a homepage in words", text("homepage", "not a url"), "package.homepage", "expected a URL"},
		{"a repository over ssh", text("repository", "git@github.com:example/x.git"), "package.repository", "expected a URL"},
		{"one slash", text("documentation", "https:/example.org"), "package.documentation", "expected a URL"},
		{"an empty homepage", text("homepage", ""), "package.homepage", "expected a URL"},
		{"no host", text("homepage", "https://"), "package.homepage", "no valid host"},
		{"a host with a space", text("homepage", "https://exa mple.org/"), "package.homepage", "no valid host"},
		{"a port too high", text("homepage", "https://example.org:99999/"), "package.homepage", "no valid host"},
		{"a path with a space", text("homepage", "https://example.org/a b?c=%zz"), "", ""},
		{"user, port and IPv6", text("homepage", "http://u:p@[::1]:8080/x"), "", ""},
		{"a broken IPv6 address", text("homepage", "http://[::g]/"), "package.homepage", "no valid host"},
		{"an operator in rust-version", text("rust-version", "^1.70"), "package.rust-version", "expected one to three numbers"},
		{"a prerelease in rust-version", text("rust-version", "1.70.0-beta"), "package.rust-version", "expected one to three numbers"},
		{"four parts of rust-version", text("rust-version", "1.70.0.1"), "package.rust-version", "expected one to three numbers"},
		{"six keywords", func(c *Crate) { c.Keywords = []string{"a", "b", "c", "d", "e", "f"} }, "package.keywords", "has 6 keywords, crates.io allows 5"},
		{"the longest keyword", func(c *Crate) { c.Keywords = []string{strings.Repeat("k", 20)} }, "", ""},
		{"a keyword too long", func(c *Crate) { c.Keywords = []string{"a", strings.Repeat("k", 26)} }, "package.keywords.1", "has 26 bytes, crates.io allows 20"},
		{"a keyword of two words", func(c *Crate) { c.Keywords = []string{"two words"} }, "package.keywords.0", "expected ASCII letters"},
		{"a keyword that begins with a sign", func(c *Crate) { c.Keywords = []string{"-x"} }, "package.keywords.0", "expected ASCII letters"},
		{"a keyword in other letters", func(c *Crate) { c.Keywords = []string{"ключ"} }, "package.keywords.0", "expected ASCII letters"},
		{"an empty keyword", func(c *Crate) { c.Keywords = []string{""} }, "package.keywords.0", "expected ASCII letters"},
		{"six categories", func(c *Crate) {
			c.Categories = []string{"wasm", "os", "embedded", "games", "encoding", "algorithms"}
		}, "package.categories", "has 6 categories, crates.io allows 5"},
		{"a category in words", func(c *Crate) { c.Categories = []string{"wasm", "NOT VALID"} }, "package.categories.1", `crates.io has no category "NOT VALID"`},
		{"a category's name for its slug", func(c *Crate) { c.Categories = []string{"Wasm"} }, "package.categories.0", `crates.io has no category "Wasm"`},
		{"a reserved name", func(c *Crate) { c.Name = "rust_installer" }, "package.name", "reserves the name"},
		{"a reserved name in other letters", func(c *Crate) { c.Name = "Proc-Macro" }, "package.name", "reserves the name"},
		{"a version too long", func(c *Crate) { c.Version = "1.0.0-" + strings.Repeat("a", 145) }, "package.version", "has 151 characters"},
		{"301 features", func(c *Crate) {
			for _, f := range repeat(301, func(i int) string { return fmt.Sprint("f", i) }) {
				c.Features[f] = nil
			}
		}, "features", "features, crates.io allows 300"},
		{"a feature that enables 301", func(c *Crate) { c.Features["all"] = repeat(301, func(int) string { return "cli" }) }, "features.all", "enables 301 others"},
		{"a feature of two words", func(c *Crate) { c.Features["two words"] = nil }, "features.two words", `character " " is not a letter`},
		{"a feature that begins with a sign", func(c *Crate) { c.Features["+x"] = nil }, "features.+x", "must begin with a letter"},
		{"a feature in other letters", func(c *Crate) { c.Features["größe"] = nil }, "", ""},
		{"a feature of a dependency that cannot be", func(c *Crate) { c.Features["x"] = []string{"cli", "1a/b"} }, "features.x.1", "must begin with an ASCII letter"},
		{"501 dependencies", func(c *Crate) {
			c.Dependencies = repeat(501, func(int) Dependency { return good().Dependencies[0] })
		}, "dependencies", "has 501 dependencies"},
		{"a wildcard", dep(Dependency{Name: "x", Alias: "x", Req: "*"}), "dependencies.x", "allows any version"},
		{"no requirement", dep(Dependency{Name: "x", Alias: "x"}), "dependencies.x", "allows any version"},
		{"a requirement that is none", dep(Dependency{Name: "x", Alias: "x", Req: "1.x.3"}), "dependencies.x", "version requirement"},
		{"another registry", dep(Dependency{Name: "x", Alias: "x", Req: "1", Registry: "corp"}), "dependencies.x", `is from registry "corp"`},
		{"a feature of a dependency", dep(Dependency{Name: "x", Alias: "x", Req: "1", Features: []string{"a b"}}), "dependencies.x", `has feature "a b"`},
		{"an alias that cannot be", dep(Dependency{Name: "x", Alias: "0x", Req: "1"}), "dependencies.x", "must begin with an ASCII letter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good()
			tt.change(&c)
			got := Check(c)
			if tt.want == "" {
				if len(got) > 0 {
					t.Fatalf("problems: %+v", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("got %+v, want one problem that says %q", got, tt.want)
			}
			if path := strings.Join(got[0].Path, "."); path != tt.path || !strings.Contains(got[0].What, tt.want) {
				t.Errorf("got %q: %q, want %q: %q", path, got[0].What, tt.path, tt.want)
			}
			if raised := strings.Contains(tt.name, "301"); got[0].Raised != raised {
				t.Errorf("Raised is %t, want %t", got[0].Raised, raised)
			}
			name := strings.HasPrefix(tt.name, "a feature of two") || strings.HasPrefix(tt.name, "a feature that begins")
			if unreadable := tt.path == "package.rust-version" || tt.want == "version requirement" || name; got[0].Unreadable != unreadable {
				t.Errorf("Unreadable is %t, want %t", got[0].Unreadable, unreadable)
			}
		})
	}
}

func TestCheckTellsAllAtOnce(t *testing.T) {
	c := good()
	c.Keywords = []string{"a", "b", "c", "d", "e", "f", "more-than-twenty-characters"}
	c.Categories = []string{"NOT VALID"}
	c.Text["homepage"], c.Text["license"] = "not a url", "The MIT Licence"
	var said []string
	for _, p := range Check(c) {
		said = append(said, p.What)
	}
	for i, want := range []string{"`license`", "`homepage`", "7 keywords", "more-than-twenty-characters", "NOT VALID"} {
		if i >= len(said) || !strings.Contains(said[i], want) {
			t.Errorf("problem %d is not about %q: %q", i, want, said)
		}
	}
	if len(said) != 5 {
		t.Errorf("got %d problems: %q", len(said), said)
	}
}

func TestCheckLicense(t *testing.T) {
	tests := []struct{ expression, want string }{
		{"MIT", ""},
		{"MIT OR Apache-2.0", ""},
		{"MIT/Apache-2.0", ""},
		{"MIT / Apache-2.0", ""},
		{"MIT OR (Apache-2.0 AND (BSD-3-Clause OR ISC))", ""},
		{"(MIT)", ""},
		{"Apache-2.0 WITH LLVM-exception OR MIT", ""},
		{"(Apache-2.0 WITH LLVM-exception) AND Unicode-3.0", ""},
		{"GPL-3.0+", ""},
		{"GPL-3.0", ""}, // deprecated
		{"GPL-2.0-or-later WITH Classpath-exception-2.0", ""},
		{"EUPL-1.2+", ""},
		{"LicenseRef-Corp.1 OR MIT", ""},
		{"DocumentRef-x:LicenseRef-y", ""},
		{"", "empty"},
		{"  ", "empty"},
		{"mit", `is spelt "MIT"`},
		{"Apache 2.0", `"Apache" is not an identifier`},
		{"MIT or Apache-2.0", "write OR"},
		{"MIT Apache-2.0", "not an SPDX expression"},
		{"MIT, Apache-2.0", `"MIT," is not an identifier`},
		{"MIT OR", "not an SPDX expression"},
		{"AND MIT", "not an SPDX expression"},
		{"MIT//Apache-2.0", "not an SPDX expression"},
		{"(MIT OR Apache-2.0", "not an SPDX expression"},
		{"MIT)", "not an SPDX expression"},
		{"MIT WITH Apache-2.0", "not an identifier"},
		{"LLVM-exception", "not an identifier"},
		{"GPL-3.0 +", `"+" is not an identifier`},
		{"LicenseRef-", "not an identifier"},
		{"proprietary", "not an identifier"},
		{"(MIT OR Apache-2.0) WITH LLVM-exception", "not an SPDX expression"},
		{strings.Repeat("(", 5000), "5000 bytes"},
	}
	for _, tt := range tests {
		if got := CheckLicense(tt.expression); got == "" != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("CheckLicense(%.40q) = %q, want %q", tt.expression, got, tt.want)
		}
	}
}

func TestCheckRequirement(t *testing.T) {
	for req, want := range map[string]string{
		"1": "", "1.2": "", "^1.2.3": "", "~0.1": "", "=1.0.0-rc.1": "", ">=1, <2": "", ">= 1.0,<2.0 ": "", "1.*": "", "1.2.x": "", "0.4.83+curl-8.15.0": "",
		" 1.2 ": "", "1.*.*": "", ">0.0.0": "",
		"*": "wildcard", "": "wildcard", " x ": "wildcard",
		"latest": "wrong", "1.2.3.4": "wrong", "01.2": "wrong", "v1": "wrong", "1,,2": "wrong", "*, 1": "wrong", "1.x.3": "wrong", "==1": "wrong", "1 2": "wrong", ">=": "wrong",
	} {
		wildcard, wrong := checkRequirement(req)
		if wildcard != (want == "wildcard") || wrong != (want == "wrong") {
			t.Errorf("checkRequirement(%q) = %t, %t, want %q", req, wildcard, wrong, want)
		}
	}
}

func TestCategories(t *testing.T) {
	list := categories()
	if len(list) != 104 {
		t.Errorf("%d categories, expected the 104 of 2026-08-21", len(list))
	}
	for _, slug := range list {
		if strings.ToLower(slug) != slug || strings.ContainsAny(slug, " \t/@.") {
			t.Errorf("category %q is no slug", slug)
		}
	}
}
