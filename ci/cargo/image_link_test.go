package cargo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImageFileIsNoLink checks that neither an image's file nor any directory in its path may be
// a symbolic link, and that the error shows where the link leads.
func TestImageFileIsNoLink(t *testing.T) {
	outside := t.TempDir()
	put := func(name, content string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(outside, "x.wasm"), "\x00asm")
	for _, tt := range []struct{ name, link, to, want string }{
		{"out, absolute", "modules/x.wasm", filepath.Join(outside, "x.wasm"), `"modules/x.wasm" is a symbolic link to "` + outside},
		{"slipway's environment", "modules/x.wasm", "/proc/self/environ", `"modules/x.wasm" is a symbolic link to "/proc/self/environ"`},
		{"a directory out", "modules", outside, `"modules" is a symbolic link to "` + outside},
		{"within", "modules/x.wasm", "../y.wasm", `"modules/x.wasm" is a symbolic link to "../y.wasm"`},
		{"dangling", "modules/x.wasm", "gone", `"modules/x.wasm" is a symbolic link to "gone"`},
		{"none", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			put(filepath.Join(dir, "Cargo.toml"), "[package]\nname = \"app\"\nversion = \"1.0.0\"\n\n[workspace.metadata.slipway.images.x]\nkind = \"module\"\nfile = \"modules/x.wasm\"\n\n[workspace]\n")
			put(filepath.Join(dir, "Cargo.lock"), "version = 4\n")
			put(filepath.Join(dir, "src", "main.rs"), "")
			put(filepath.Join(dir, "y.wasm"), "\x00asm")
			put(filepath.Join(dir, "modules", "x.wasm"), "\x00asm")
			if tt.link != "" {
				at := filepath.Join(dir, filepath.FromSlash(tt.link))
				if err := os.RemoveAll(at); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(tt.to, at); err != nil {
					t.Fatal(err)
				}
			}
			w, err := Read(os.DirFS(dir))
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Images()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "Cargo.toml:7")) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
