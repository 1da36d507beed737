package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCheckFiles checks that a layout whose files a reader could choke on is refused without
// reading them.
func TestCheckFiles(t *testing.T) {
	name := func(c string) string { return filepath.Join("blobs", "sha256", strings.Repeat(c, 64)) }
	descriptor := func(c string) string {
		return `{"size":1,"digest":"sha256:` + strings.Repeat(c, 64) + `"}`
	}
	for _, tt := range []struct {
		what, want string
		change     func(dir string) error
	}{
		{"as it should be", "", func(string) error { return nil }},
		{"a huge index", `"index.json" has more than 4194304 bytes`, func(dir string) error { return os.Truncate(filepath.Join(dir, "index.json"), 1<<40) }},
		{"a huge manifest", `has more than 4194304 bytes`, func(dir string) error { return os.Truncate(filepath.Join(dir, name("a")), 1<<40) }},
		{"a huge configuration", `has more than 4194304 bytes`, func(dir string) error { return os.Truncate(filepath.Join(dir, name("b")), 1<<40) }},
		{"a link for an index", `is a symbolic link to "/dev/zero"`, func(dir string) error { return relink(dir, "index.json") }},
		{"a link for a manifest", `is a symbolic link to "/dev/zero"`, func(dir string) error { return relink(dir, name("a")) }},
		{"a link for a configuration", `is a symbolic link to "/dev/zero"`, func(dir string) error { return relink(dir, name("b")) }},
		{"a link for a layer", `is a symbolic link to "/dev/zero"`, func(dir string) error { return relink(dir, name("c")) }},
		{"a FIFO for a layer", `is a FIFO`, func(dir string) error {
			at := filepath.Join(dir, name("c"))
			if err := os.Remove(at); err != nil {
				return err
			}
			return unix.Mkfifo(at, 0o644)
		}},
		{"a layer that is missing", "", func(dir string) error { return os.Remove(filepath.Join(dir, name("c"))) }},
		{"itself", "", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, name("a")), []byte(`{"manifests":[`+descriptor("a")+`]}`), 0o644)
		}},
		{"many manifests", "more than 1000 indexes and manifests", func(dir string) error {
			var list []string
			for i := range 2000 {
				list = append(list, fmt.Sprintf(`{"digest":"sha256:%064d"}`, i))
			}
			return os.WriteFile(filepath.Join(dir, "index.json"), []byte(`{"manifests":[`+strings.Join(list, ",")+`]}`), 0o644)
		}},
	} {
		dir := t.TempDir()
		for at, content := range map[string]string{
			"index.json": `{"manifests":[` + descriptor("a") + `]}`,
			name("a"):    `{"config":` + descriptor("b") + `,"layers":[` + descriptor("c") + `]}`,
			name("b"):    "{}", name("c"): "x",
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, at)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, at), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := tt.change(dir); err != nil {
			t.Fatal(err)
		}
		err := CheckFiles(dir)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.what, err, tt.want)
		}
	}
}

func relink(dir, name string) error {
	at := filepath.Join(dir, name)
	if err := os.Remove(at); err != nil {
		return err
	}
	return os.Symlink("/dev/zero", at)
}
