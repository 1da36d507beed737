package cargo

import (
	"slices"
	"strings"
	"testing"
)

// TestShipped checks which binaries of a crate are released, and the findings about the others.
func TestShipped(t *testing.T) {
	bins := "[[bin]]\nname = \"app\"\n[[bin]]\nname = \"bench\"\n[[bin]]\nname = \"gated\"\nrequired-features = [\"cli\", \"net\"]\n"
	settings := func(lines string) string { return bins + "[package.metadata.slipway]\n" + lines }
	tests := []struct {
		name, manifest string
		ships          []string
		found          []string
	}{
		{"no setting", bins, []string{"app", "bench"}, []string{"nothing Cargo.toml:10 binary gated is left out: cargo builds it only with the features cli, net"}},
		{"features", settings("features = [\"cli\", \"net\"]"), []string{"app", "bench", "gated"}, nil},
		{"features in one string", settings("features = [\"cli,net\"]"), []string{"app", "bench", "gated"}, nil},
		{"one of two features", settings("features = [\"net\"]"), []string{"app", "bench"}, []string{"only with the features cli"}},
		{"default features", bins + "[features]\ndefault = [\"all\"]\nall = [\"net\", \"cli/x\"]\nnet = []\n", []string{"app", "bench", "gated"}, nil},
		{"features of one target", settings("features = [\"cli\"]\n[package.metadata.slipway.target.aarch64-unknown-linux-musl]\nfeatures = [\"cli\", \"net\"]"), []string{"app", "bench", "gated"}, nil},
		{"one of them", settings("binaries = [\"app\"]"), []string{"app"}, []string{"nothing Cargo.toml:14 binary bench is left out: `binaries` does not name it", "nothing Cargo.toml:14 binary gated is left out"}},
		{"none", settings("binaries = []"), nil, []string{"binary app is left out", "binary bench is left out", "binary gated is left out"}},
		{"a name that is none", settings("binaries = [\"app\",\n\"ap\", \"bench\"]"), []string{"app", "bench"}, []string{"everything Cargo.toml:15 `binaries` names \"ap\", which is not a binary of the crate: it has app, bench, gated", "binary gated is left out"}},
		{"one that needs features", settings("binaries = [\"gated\"]\nfeatures = [\"cli\"]"), []string{"gated"}, []string{"everything Cargo.toml:14 `binaries` names \"gated\", which cargo builds only with the features net", "binary app is left out", "binary bench is left out"}},
		{"a library's", "[lib]\npath = \"src/bin/app.rs\"\n[package.metadata.slipway]\nbinaries = [\"x\"]\n", nil, []string{"`binaries` names \"x\""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			contents := map[string]string{"Cargo.toml": pkg("a") + tt.manifest}
			for _, name := range []string{"app", "bench", "gated"} {
				contents["src/bin/"+name+".rs"] = ""
			}
			if tt.name == "a library's" {
				contents = map[string]string{"Cargo.toml": pkg("a") + tt.manifest, "src/bin/app.rs": "", "src/lib.rs": ""}
				tt.found = append(tt.found, "binary app is left out")
			}
			w := read(t, contents)
			c := crate(t, w, "a")
			if got := binaryNames(c.Shipped()); !slices.Equal(got, tt.ships) {
				t.Errorf("ships %q, want %q", got, tt.ships)
			}
			found := w.BinaryFindings(c).Sorted()
			if len(found) != len(tt.found) {
				t.Fatalf("findings %q, want %q", found.Lines(), tt.found)
			}
			for i, f := range found {
				if said := string(f.Stops) + " " + strings.Replace(f.String(), ": ", " ", 1); !strings.Contains(said, tt.found[i]) {
					t.Errorf("finding %q, want %q", said, tt.found[i])
				}
			}
		})
	}
}

// TestShippedNothing checks that a release without any content is reported.
func TestShippedNothing(t *testing.T) {
	gated := "[[bin]]\nname = \"app\"\nrequired-features = [\"cli\"]\n"
	for publish, want := range map[string]string{"publish = false\n": "everything", "": "nothing"} {
		w := read(t, map[string]string{"Cargo.toml": pkg("a") + publish + gated, "src/bin/app.rs": ""})
		found := w.BinaryFindings(crate(t, w, "a"))
		if len(found) != 1 || string(found[0].Stops) != want {
			t.Errorf("with %q: %+v, want one that stops %s", publish, found, want)
		}
	}
}
