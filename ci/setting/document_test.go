package setting

import (
	"fmt"
	"strings"
	"testing"

	"dagger/slipway/ci/golden"
)

const document = "../../docs/settings.md"

// TestDocument checks that docs/settings.md describes exactly the declared settings.
func TestDocument(t *testing.T) {
	want := reference()
	golden.CompareFile(t, document, want)
	for _, s := range All {
		if heading := fmt.Sprintf("\n### `%s`\n", s.Key); strings.Count(want, heading) < 1 {
			t.Errorf("docs/settings.md has no entry for %s", s.Key)
		}
	}
}

// reference renders docs/settings.md.
func reference() string {
	var b strings.Builder
	b.WriteString("# Settings\n\n" +
		"slipway's settings are in `Cargo.toml`: those of the whole workspace in the root manifest,\n" +
		"those of a crate in its own. A key that is not listed here is an error that names the\n" +
		"nearest one; so is a value of the wrong type, and a table whose name is that of slipway but for\n" +
		"one character or its case.\n\n" +
		"This file is generated from `ci/setting` (`go test ./ci/setting -update`).\n")
	about := map[Table]string{
		Workspace: "In the manifest at the workspace's root. The images are explained in [images.md](images.md).",
		Package:   "In the manifest of the crate.",
	}
	for _, table := range []Table{Workspace, Package} {
		fmt.Fprintf(&b, "\n## `[%s]`\n\n%s\n", table, about[table])
		for _, s := range All {
			if s.Table == table {
				b.WriteString(entry(s))
			}
		}
	}
	return b.String()
}

func entry(s Setting) string {
	keys := s.parts()
	header := string(s.Table)
	if len(keys) > 1 {
		header += "." + strings.Join(keys[:len(keys)-1], ".")
		header = strings.NewReplacer("<name>", "demo-app", "<target>", "aarch64-unknown-linux-musl").Replace(header)
	}
	return fmt.Sprintf("\n### `%s`\n\n%s\n\nType: %s. Default: %s.\n\n```toml\n[%s]\n%s = %s\n```\n", s.Key, s.About, s.Kind, s.Default, header, keys[len(keys)-1], s.Example)
}
