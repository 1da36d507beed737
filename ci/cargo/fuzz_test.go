package cargo

import (
	"testing"
	"testing/fstest"
)

// FuzzRead checks that no manifest, lock file or configuration makes Read panic or return a crate
// name that cargo would refuse.
func FuzzRead(f *testing.F) {
	f.Add("[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2024\"\n", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n", "[build]\nrustflags = [\"-Copt-level=3\"]\n")
	f.Add("[workspace]\nmembers = [\"a*\"]\n[workspace.package]\nversion = \"1.0.0\"\n", "version = 4\n", "[target.'cfg(unix)']\nrunner = \"sudo\"\n")
	f.Add("[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nb = { path = \"../..\", version = \"1\" }\n", "", "")
	f.Fuzz(func(t *testing.T, manifest, lock, config string) {
		w, err := Read(fstest.MapFS{
			"Cargo.toml": {Data: []byte(manifest)}, "Cargo.lock": {Data: []byte(lock)}, ".cargo/config.toml": {Data: []byte(config)},
			"src/main.rs": {Data: []byte("fn main() {}")}, "a/Cargo.toml": {Data: []byte("[package]\nname = \"a\"\nversion = \"1.0.0\"\n")}, "a/src/lib.rs": {},
		})
		if err != nil {
			return
		}
		for i := range w.Crates {
			c := &w.Crates[i]
			if err := CheckName(c.Name); err != nil {
				t.Errorf("a crate has a name that is none: %v", err)
			}
			_ = stoppingError(w, c)
			if _, err := w.BuildFiles(c); err != nil {
				continue
			}
			_, _ = w.SkeletonFiles(c)
			_, _ = w.LibraryFiles(c)
		}
	})
}
