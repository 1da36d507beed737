package cargo

import (
	"slices"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	old := strings.Replace(pkg("a-b"), "2024", "2015", 1)
	none := "[package]\nname = \"a-b\"\nversion = \"1.0.0\"\n"
	tests := []struct {
		name     string
		manifest string
		files    string // names of further files
		want     string // bin:name=path, lib:name=path[,proc-macro], build:path
	}{
		{"main", pkg("a-b"), "src/main.rs", "bin:a-b=src/main.rs"},
		{"library", pkg("a-b"), "src/lib.rs", "lib:a_b=src/lib.rs"},
		{"both", pkg("a-b"), "src/lib.rs src/main.rs", "bin:a-b=src/main.rs lib:a_b=src/lib.rs"},
		{"src/bin", pkg("a-b"), "src/main.rs src/bin/x.rs src/bin/y/main.rs src/bin/z/lib.rs src/bin/README.md", "bin:a-b=src/main.rs bin:x=src/bin/x.rs bin:y=src/bin/y/main.rs"},
		{"declared", pkg("a-b", "[[bin]]\nname = \"tool\"\npath = \"src/./tool.rs\""), "src/tool.rs", "bin:tool=src/tool.rs"},
		{"declared with the path of main", pkg("a-b", "[[bin]]\nname = \"tool\"\npath = \"src/main.rs\""), "src/main.rs", "bin:tool=src/main.rs"},
		{"declared and discovered", pkg("a-b", "[[bin]]\nname = \"tool\"\npath = \"src/tool.rs\""), "src/main.rs src/tool.rs src/bin/x.rs", "bin:a-b=src/main.rs bin:tool=src/tool.rs bin:x=src/bin/x.rs"},
		{"declared without a path", pkg("a-b", "[[bin]]\nname = \"x\"\n[[bin]]\nname = \"y\"\n[[bin]]\nname = \"a-b\""), "src/main.rs src/bin/x.rs src/bin/y/main.rs", "bin:a-b=src/main.rs bin:x=src/bin/x.rs bin:y=src/bin/y/main.rs"},
		{"autobins = false", pkg("a-b", "autobins = false"), "src/main.rs src/bin/x.rs", ""},
		{"autobins = false with one declared", pkg("a-b", "autobins = false\n[[bin]]\nname = \"x\""), "src/main.rs src/bin/x.rs", "bin:x=src/bin/x.rs"},
		{"edition 2015", old, "src/main.rs src/bin/x.rs", "bin:a-b=src/main.rs bin:x=src/bin/x.rs"},
		{"edition 2015 with one declared", old + "[[bin]]\nname = \"x\"", "src/main.rs src/bin/x.rs", "bin:x=src/bin/x.rs"},
		{"no edition with one declared", none + "[[bin]]\nname = \"x\"", "src/main.rs src/bin/x.rs", "bin:x=src/bin/x.rs"},
		{"edition 2015 with one declared and autobins", old + "autobins = true\n[[bin]]\nname = \"x\"", "src/main.rs src/bin/x.rs", "bin:a-b=src/main.rs bin:x=src/bin/x.rs"},
		{"required features", pkg("a-b", "[[bin]]\nname = \"x\"\nrequired-features = [\"cli\", \"net\"]"), "src/bin/x.rs", "bin:x=src/bin/x.rs,cli,net"},
		{"renamed library", pkg("a-b", "[lib]\nname = \"other\"\npath = \"lib/./o.rs\""), "lib/o.rs", "lib:other=lib/o.rs"},
		{"procedural macro", pkg("a-b", "[lib]\nproc-macro = true"), "src/lib.rs", "lib:a_b=src/lib.rs,proc-macro"},
		{"procedural macro, old spelling", pkg("a-b", "[lib]\nproc_macro = true"), "src/lib.rs", "lib:a_b=src/lib.rs,proc-macro"},
		{"autolib = false", pkg("a-b", "autolib = false"), "src/lib.rs src/main.rs", "bin:a-b=src/main.rs"},
		{"build script", pkg("a-b"), "src/lib.rs build.rs", "lib:a_b=src/lib.rs build:build.rs"},
		{"named build script", pkg("a-b", "build = \"./b/gen.rs\""), "src/lib.rs", "lib:a_b=src/lib.rs build:b/gen.rs"},
		{"build = true", pkg("a-b", "build = true"), "src/lib.rs build.rs", "lib:a_b=src/lib.rs build:build.rs"},
		{"build = false", pkg("a-b", "build = false"), "src/lib.rs build.rs", "lib:a_b=src/lib.rs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := map[string]string{"Cargo.toml": tt.manifest}
			for _, f := range strings.Fields(tt.files) {
				in[f] = "x"
			}
			if got := describe(crate(t, read(t, in), "a-b")); got != tt.want {
				t.Errorf("targets %s, want %s", got, tt.want)
			}
		})
	}
}

func describe(c *Crate) string {
	var list []string
	for _, b := range c.Bins {
		list = append(list, strings.Join(append([]string{"bin:" + b.Name + "=" + b.Path}, b.RequiredFeatures...), ","))
	}
	if c.Lib != nil {
		lib := "lib:" + c.Lib.Name + "=" + c.Lib.Path
		if c.Lib.ProcMacro {
			lib += ",proc-macro"
		}
		list = append(list, lib)
	}
	if c.BuildScript != "" {
		list = append(list, "build:"+c.BuildScript)
	}
	return strings.Join(list, " ")
}

func TestInheritance(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml": `[workspace]
members = ["a", "b"]
[workspace.package]
version = "3.2.1"
edition = "2021"
publish = false
description = "all"
license = "MIT"`,
		"a/Cargo.toml": "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\npublish = { workspace = true }",
		"b/Cargo.toml": "[package]\nname = \"b\"\nversion = \"0.1.0\"\ndescription.workspace = true\nlicense.workspace = true",
	})
	a, b := crate(t, w, "a"), crate(t, w, "b")
	if a.Version != "3.2.1" || a.Edition != "2021" {
		t.Errorf("a is %q of edition %q", a.Version, a.Edition)
	}
	if ok, reason := a.Publishable(); ok || reason != "publish = false" {
		t.Errorf("a is publishable: %t, %q", ok, reason)
	}
	if ok, reason := b.Publishable(); b.Version != "0.1.0" || !ok || !b.Edition2015() {
		t.Errorf("b is %q of edition %q, publishable: %t, %q", b.Version, b.Edition, ok, reason)
	}
}

func TestPublishable(t *testing.T) {
	tests := []struct {
		name, manifest, reason string
		registries             []string
	}{
		{"all there", pkg("a", published), "", nil},
		{"publish = true", pkg("a", published, "publish = true"), "", nil},
		{"licence file", pkg("a", "description = \"x\"\nlicense-file = \"LICENSE\""), "", nil},
		{"publish = false", pkg("a", published, "publish = false"), "publish = false", nil},
		{"no registry", pkg("a", published, "publish = []"), "publish = []", nil},
		{"named registries", pkg("a", published, "publish = [\"ours\", \"crates-io\"]"), "", []string{"ours", "crates-io"}},
		{"no description: the registry's to refuse", pkg("a", "license = \"MIT\""), "", nil},
		{"no license: likewise", pkg("a", "description = \"x\""), "", nil},
		{"registry = false", pkg("a", published, "[package.metadata.slipway]\nregistry = false"), "registry = false in [package.metadata.slipway]", nil},
		{"registry = false beside registries", pkg("a", published, "publish = [\"ours\"]\n[package.metadata.slipway]\nregistry = false"), "registry = false in [package.metadata.slipway]", []string{"ours"}},
		{"registry = false beside publish = false", pkg("a", "publish = false\n[package.metadata.slipway]\nregistry = false"), "publish = false", nil},
		{"registry = true", pkg("a", published, "[package.metadata.slipway]\nregistry = true"), "", nil},
		{"registry = true beside publish = false", pkg("a", "publish = false\n[package.metadata.slipway]\nregistry = true"), "publish = false", nil},
		{"no version", "[package]\nname = \"a\"\n" + published, "it has no version", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := crate(t, read(t, map[string]string{"Cargo.toml": tt.manifest}), "a")
			ok, reason := c.Publishable()
			if ok != (tt.reason == "") || reason != tt.reason || !slices.Equal(c.Registries(), tt.registries) {
				t.Errorf("Publishable = %t, %q, registries %q", ok, reason, c.Registries())
			}
		})
	}
}

func TestSettings(t *testing.T) {
	w := read(t, map[string]string{"Cargo.toml": pkg("a", `[package.metadata.slipway]
features = ["cli", "net"]
test = ["--lib", "--", "--test-threads=1"]
[workspace.metadata.slipway]
toolchain = "example.org/rust:1"`)})
	c := crate(t, w, "a")
	if !slices.Equal(c.Settings.Features, []string{"cli", "net"}) || !slices.Equal(c.Settings.Test, []string{"--lib", "--", "--test-threads=1"}) || w.Settings.Toolchain != "example.org/rust:1" {
		t.Errorf("settings %+v and %+v", c.Settings, w.Settings)
	}
}
