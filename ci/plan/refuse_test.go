package plan

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/triple"
)

// TestRefusesInputs checks that hostile versions, crate names and refs are refused.
func TestRefusesInputs(t *testing.T) {
	good := Request{Crates: []string{"app@1.2.3"}}
	version := func(v string) Request { r := good; r.Crates = []string{"app@" + v}; return r }
	crate := func(c string) Request { r := good; r.Crates = []string{c + "@1.2.3"}; return r }
	source := func(s Source) Request { r := good; r.Source = s; return r }
	tests := []struct {
		name string
		req  Request
		want []string
	}{
		{"version 1x2", version("1x2"), []string{`reading version "1x2"`, "expected MAJOR.MINOR.PATCH"}},
		{"version 1.2", version("1.2"), []string{`reading version "1.2"`, "expected MAJOR.MINOR.PATCH"}},
		{"version v1.2.3", version("v1.2.3"), []string{"leave out the v"}},
		{"version 01.2.3", version("01.2.3"), []string{`"01.2.3"`, "starts with 0"}},
		{"version 1.2.3-01", version("1.2.3-01"), []string{"starts with 0"}},
		{"build metadata of its own", version("1.2.3+b"), []string{`crate "app" is at "1.2.3" in its manifest`}},
		{"30 digits", version(strings.Repeat("9", 30) + ".0.0"), []string{"is over 18446744073709551615"}},
		{"command", version("1.2; rm -rf"), []string{`"1.2; rm -rf"`}},
		{"substitution", version("$(id)"), []string{`"$(id)"`}},
		{"backticks", version("`id`"), []string{"\"`id`\""}},
		{"quotes", version(`1.2.3"`), []string{`"1.2.3\""`}},
		{"newline", version("1.2.3\n"), []string{`"1.2.3\n"`}},
		{"workflow command", version("::add-mask::"), []string{`reading version "::add-mask::"`}},
		{"NUL", version("1.2.3\x00"), []string{`"1.2.3\x00"`}},
		{"10 MB of version", version(strings.Repeat("1", 10<<20)), []string{"it is 10485760 bytes long"}},
		{"empty version", version(""), []string{"it is empty"}},
		{"another version", version("1.2.4"), []string{`checking version "1.2.4"`, `crate "app" is at "1.2.3" in its manifest`, `change "app/Cargo.toml" first`}},

		{"parent directories", crate("../.."), []string{`checking crate name "../.."`}},
		{"end of options", crate("--"), []string{`checking crate name "--"`}},
		{"leading dash", crate("-p"), []string{"it must begin with an ASCII letter"}},
		{"absolute path", crate("/etc"), []string{"it must begin with an ASCII letter"}},
		{"device", crate("con"), []string{"it is a reserved device name"}},
		{"homoglyph", crate("\u0430pp"), []string{`"\u0430pp"`}},
		{"right-to-left", crate("app\u202e"), []string{`"app\u202e"`}},
		{"zero width", crate("ap\u200bp"), []string{`"ap\u200bp"`}},
		{"other case", crate("App"), []string{`did you mean "app"?`}},
		{"no member", crate("tokio"), []string{`finding crate "tokio"`, "it has app, lib"}},
		{"10 MB of crate", crate(strings.Repeat("a", 10<<20)), []string{"it has 10485760 bytes"}},

		{"branch .lock", source(Source{Commit: commit, Branch: "x.lock"}), []string{`checking branch "x.lock"`, "no part of a ref ends in .lock"}},
		{"reflog", source(Source{Commit: commit, Branch: "@{"}), []string{`a ref cannot hold "@{"`}},
		{"signs", source(Source{Commit: commit, Branch: "~^:"}), []string{`checking branch "~^:"`}},
		{"pull request", source(Source{Commit: commit, Branch: "refs/pull/1/merge"}), []string{"a pull request is not on any branch"}},
		{"short commit", source(Source{Commit: commit[:10]}), []string{`checking commit "0123456789"`, "expected 40 or 64 hexadecimal digits"}},
		{"commit in capitals", source(Source{Commit: strings.ToUpper(commit)}), []string{"expected lower case"}},
		{"null commit", source(Source{Commit: strings.Repeat("0", 40)}), []string{"git's placeholder for no commit"}},
		{"option for a commit", source(Source{Commit: "--help"}), []string{`checking commit "--help"`}},

		{"host target", Request{Crates: []string{"app@1.2.3"}, Targets: []string{"x86_64-unknown-linux-gnu"}}, []string{`checking target "x86_64-unknown-linux-gnu"`, triple.X8664, triple.AArch64}},
		{"toolchain with a space", Request{Crates: []string{"app@1.2.3"}, Toolchain: "rust --privileged"}, []string{`checking toolchain "rust --privileged": expected an image reference`}},
		{"toolchain with a newline", Request{Crates: []string{"app@1.2.3"}, Toolchain: "rust\nx"}, []string{`checking toolchain "rust\nx"`}},
		{"toolchain like an option", Request{Crates: []string{"app@1.2.3"}, Toolchain: "--x"}, []string{`checking toolchain "--x": expected an image reference`}},
		{"target twice", Request{Crates: []string{"app@1.2.3"}, Targets: []string{triple.X8664, triple.X8664}}, []string{`checking target "x86_64-unknown-linux-musl": it is named twice`}},
	}
	w := read(t, base(nil))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(w, tt.req)
			wantError(t, err, tt.want...)
			if s := err.Error(); len(s) > 500 || strings.ContainsAny(s, "\n\x00\u202e\u200b") {
				t.Errorf("error %q cannot be printed on one line", s)
			}
		})
	}
}

// TestFindings checks a plan's findings about a workspace, and what each stops.
func TestFindings(t *testing.T) {
	own := Source{Commit: commit, Branch: "main", Branches: []string{"main", "app/v1.2.3"}}
	tests := []struct {
		name   string
		change map[string]string
		source Source
		stops  finding.Stops
		want   []string
	}{
		{"no section", map[string]string{"app/CHANGELOG.md": "# Changelog\n\n## [1.2.2]\n\n- Old, not 1.2.3.\n"}, Source{}, finding.Nothing, []string{`app/CHANGELOG.md: `, `no heading "## [1.2.3]", the file has 1.2.2`}},
		{"empty section", map[string]string{"app/CHANGELOG.md": "## [1.2.3]\n"}, Source{}, finding.Nothing, []string{"its heading on line 1 has no notes below it"}},
		{"stale lock file", map[string]string{"Cargo.lock": "version = 4\n"}, Source{}, finding.Everything, []string{"Cargo.lock: the lock file is stale: it has no crate"}},
		{"no lock file", map[string]string{"Cargo.lock": "absent"}, Source{}, finding.Release, []string{"Cargo.lock: the workspace has none, but binaries", "cargo generate-lockfile"}},
		{"toolchain's channel", map[string]string{"rust-toolchain.toml": "[toolchain]\nchannel = \"1.50.0\"\n"}, Source{}, finding.Release, []string{`rust-toolchain.toml:2: it asks for channel "1.50.0", but slipway's own image has Rust ` + toolchain.Channel, "pass --toolchain"}},
		{"toolchain's channel, old name of the file", map[string]string{"rust-toolchain": "1.50\n"}, Source{}, finding.Release, []string{`rust-toolchain:1: it asks for channel "1.50"`}},
		{"toolchain of its own name", map[string]string{"rust-toolchain": "[toolchain]\nchannel = \"esp\"\n"}, Source{}, finding.Release, []string{`rust-toolchain:2: channel "esp" is not supported`}},
		{"configuration", map[string]string{".cargo/config.toml": "[build]\nrustc-wrapper = \"x\"\n"}, Source{}, finding.Release, []string{`.cargo/config.toml:2: "build.rustc-wrapper" is not allowed in a release`}},
		{"cycle", map[string]string{
			"lib/Cargo.toml": "[package]\nname = \"lib\"\nversion = \"1.2.3\"\nedition = \"2024\"\n[dependencies]\napp = { path = \"../app\", version = \"1\" }\n",
			"Cargo.lock":     "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\ndependencies = [\n \"lib\",\n]\n\n[[package]]\nname = \"lib\"\nversion = \"1.2.3\"\ndependencies = [\n \"app\",\n]\n",
		}, Source{}, finding.Everything, []string{"dependency cycle app → lib → app"}},
		{"branch named like the tag", nil, own, finding.Release, []string{`checking tag "app/v1.2.3"`, "rename or delete the branch"}},
		{"branch named like the tag, in full", nil, Source{Branches: []string{"refs/heads/app/v1.2.3"}}, finding.Release, []string{`checking tag "app/v1.2.3"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New(read(t, base(tt.change)), Request{Crates: []string{"app@1.2.3"}, Source: tt.source})
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, p.Findings.Check("finding", tt.stops), tt.want...)
			if text, err := p.Text(); err != nil || !strings.Contains(text, tt.want[0]) {
				t.Errorf("the text does not say %q (%v):\n%s", tt.want[0], err, text)
			}
			if dry, stops := p.CheckDryRun(), tt.stops == finding.Everything; (dry != nil) != stops {
				t.Errorf("a dry run ends with %v", dry)
			}
			stopped := (*finding.Error)(nil)
			if release := p.CheckRelease(); errors.As(release, &stopped) != (tt.stops != finding.Nothing) {
				t.Errorf("a release ends with %v", release)
			}
		})
	}
	for name, want := range map[string]string{
		"toolchain-channel": `asks for channel "1.50.0"`,
	} {
		p, err := New(readDir(t, filepath.Join(workspaces, name)), Request{Crates: []string{name + "@0.1.0"}})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(p.Findings.Lines(), "\n"); !strings.Contains(all, want) {
			t.Errorf("%s: the plan does not say %q but\n%s", name, want, all)
		}
	}
}

// TestRefusesSetting checks that a toolchain setting that is not an image reference is an error.
func TestRefusesSetting(t *testing.T) {
	w := read(t, base(map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n[workspace.metadata.slipway]\ntoolchain = \"a b\"\n"}))
	_, err := New(w, Request{Crates: []string{"app@1.2.3"}})
	wantError(t, err, `checking toolchain "a b"`)
}

func TestToolchain(t *testing.T) {
	const layout = "layout@sha256:0000000000000000000000000000000000000000000000000000000000000001"
	setting := map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n[workspace.metadata.slipway]\ntoolchain = \"example.org/rust:1\"\n"}
	old := map[string]string{"rust-toolchain.toml": "[toolchain]\nchannel = \"1.50.0\"\n"}
	tests := []struct {
		name   string
		change map[string]string
		named  string
		want   string
	}{
		{"slipway's own", nil, "", toolchain.Reference()},
		{"slipway's own by name", setting, toolchain.Name, toolchain.Reference()},
		{"the workspace's", setting, "", "example.org/rust:1"},
		{"the command's", setting, "rust:1.50", "rust:1.50"},
		{"an image of the file's channel", old, "rust:1.50.0", "rust:1.50.0"},
		{"a layout", nil, layout, layout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(t, read(t, base(tt.change)), Request{Crates: []string{"app@1.2.3"}, Toolchain: tt.named})
			if p.Plan.Toolchain != tt.want {
				t.Errorf("toolchain %q, want %q", p.Plan.Toolchain, tt.want)
			}
			for _, s := range p.Steps {
				if s.Image.Ref != tt.want {
					t.Errorf("step %q runs in %q", s.Name, s.Image.Ref)
				}
			}
		})
	}
	p := newPlan(t, read(t, base(old)), Request{Crates: []string{"app@1.2.3"}, Toolchain: "rust:1.96"})
	wantError(t, p.Accepts("1.96.0").Check("checking", finding.Release), `rust-toolchain.toml:2: it asks for channel "1.50.0", but toolchain "rust:1.96" has Rust 1.96.0`, "pass --toolchain")
	if found := p.Accepts("1.50.0"); found != nil {
		t.Errorf("%q", found.Lines())
	}
}

// TestRefusesSecretsInAddresses checks that no plan shows credentials in an address.
func TestRefusesSecretsInAddresses(t *testing.T) {
	w := read(t, base(nil))
	for name, req := range map[string]Request{
		"a service":   {Crates: []string{"app@1.2.3"}, SigningServices: []string{"https://example.org", "https://user:hunter2@example.org"}},
		"a toolchain": {Crates: []string{"app@1.2.3"}, Toolchain: "user:hunter2@example.org/image"},
	} {
		_, alone := New(w, req)
		req.Crates, req.Images = nil, &ImagesRequest{Version: "1.2.3"}
		_, images := New(w, req)
		for what, err := range map[string]error{"crates": alone, "images": images} {
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "leave that out") {
				t.Errorf("%s, %s: it says %v", name, what, err)
			}
		}
	}
}
