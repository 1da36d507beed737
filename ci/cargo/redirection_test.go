package cargo

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestRedirections checks which directories of [patch] and [replace] stop a crate, and that a crate
// that does not need them is not stopped.
func TestRedirections(t *testing.T) {
	const fromRegistry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
	for name, tt := range map[string]struct{ entry, want string }{
		"a patch outside":                  {"[patch.crates-io]\nitoa = { path = \"../itoa\" }", `Cargo.toml:5: path "../itoa", from which [patch] takes "itoa", is outside the workspace`},
		"a patch by an absolute path":      {"[patch.crates-io]\nitoa = { path = \"/opt/itoa\" }", `path "/opt/itoa", from which [patch] takes "itoa", is outside the workspace`},
		"a renamed patch outside":          {"[patch.crates-io]\nmine = { path = \"x/../../itoa\", package = \"itoa\" }", `path "../itoa", from which [patch] takes "itoa"`},
		"a patch of another source":        {"[patch.\"https://example.org/itoa\"]\nitoa = { path = \"../itoa\" }", `Cargo.toml:5: path "../itoa"`},
		"a patch that is not there":        {"[patch.crates-io]\nitoa = { path = \"gone\" }", `path "gone", from which [patch] takes "itoa", holds no package that can be read: reading manifest "gone/Cargo.toml"`},
		"a patch that is there":            {"[patch.crates-io]\nitoa = { path = \"vendor/itoa\" }", ""},
		"a patch by git":                   {"[patch.crates-io]\nitoa = { git = \"https://example.org/itoa\" }", ""},
		"a patch of what is not locked":    {"[patch.crates-io]\nother = { path = \"../other\" }", ""},
		"a replacement outside":            {"[replace]\n\"itoa:1.0.0\" = { path = \"../itoa\" }", `Cargo.toml:5: path "../itoa", from which [replace] takes "itoa", is outside`},
		"a replacement of a source":        {"[replace]\n\"https://github.com/rust-lang/crates.io-index#itoa:1.0.0\" = { path = \"../itoa\" }", `Cargo.toml:5: path "../itoa"`},
		"a replacement that is there":      {"[replace]\n\"itoa:1.0.0\" = { path = \"vendor/itoa\" }", ""},
		"a replacement that is not locked": {"[replace]\n\"other:1.0.0\" = { path = \"../other\" }", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml":   "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\"]\n" + tt.entry + "\n",
				"a/Cargo.toml": pkg("a", "[dependencies]\nitoa = \"1\""), "a/src/lib.rs": "", "b/Cargo.toml": pkg("b"), "b/src/lib.rs": "",
				"vendor/itoa/Cargo.toml": pkg("itoa", "[workspace]"), "vendor/itoa/src/lib.rs": "",
				"Cargo.lock": locked([]string{"a", "itoa"}, []string{"b"}, []string{"itoa"}),
			}
			if strings.HasPrefix(tt.entry, "[replace]") {
				in["Cargo.lock"] = locked([]string{"a", "itoa 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)"}, []string{"b"}, []string{"itoa"}) +
					"\n[[package]]\nname = \"itoa\"\nversion = \"1.0.0\"\n" + fromRegistry + "checksum = \"aa\"\nreplace = \"itoa 1.0.0\"\n"
			}
			w := read(t, in)
			a, b := crate(t, w, "a"), crate(t, w, "b")
			err := w.Findings(a, true).Check("checking", finding.Everything)
			if tt.want == "" && err != nil {
				t.Errorf("a: %v", err)
			} else if tt.want != "" {
				wantError(t, err, tt.want)
			}
			if err := w.Findings(b, true).Check("checking", finding.Everything, finding.Release, finding.Registry); err != nil {
				t.Errorf("b: %v", err)
			}
			skeleton, err := w.SkeletonFiles(a)
			if err != nil {
				t.Fatal(err)
			}
			if _, there := skeleton["vendor/itoa/Cargo.toml"]; there != strings.Contains(tt.entry, "vendor") {
				t.Errorf("the skeleton has %q", slices.Sorted(maps.Keys(skeleton)))
			}
			if strings.Contains(tt.entry, "replacement that is there") && !strings.Contains(skeleton["Cargo.lock"], "replace =") {
				t.Errorf("the lock file lacks the replacement:\n%s", skeleton["Cargo.lock"])
			}
		})
	}
}

// TestRedirectionsOfTheRoot checks that a root package, which is packaged in the whole workspace,
// is stopped by every directory that cargo would look into.
func TestRedirectionsOfTheRoot(t *testing.T) {
	for entry, want := range map[string]string{
		"other = { path = \"../other\" }": "is outside the workspace", "other = { path = \"gone\" }": "holds no package that can be read", "other = { path = \"vendor\" }": "",
	} {
		w := read(t, map[string]string{
			"Cargo.toml": pkg("a", published, "[workspace]\nexclude = [\"vendor\"]\n[patch.crates-io]\n"+entry), "src/lib.rs": "", "Cargo.lock": locked([]string{"a"}),
			"vendor/Cargo.toml": pkg("other"), "vendor/src/lib.rs": "",
		})
		err := w.Findings(crate(t, w, "a"), true).Check("checking", finding.Everything)
		if want == "" && err != nil {
			t.Errorf("%s: %v", entry, err)
		} else if want != "" {
			wantError(t, err, "Cargo.toml:10: ", want)
		}
	}
}
