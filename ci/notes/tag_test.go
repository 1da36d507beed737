package notes

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
)

// TestLastTag checks that the previous version's tag is found in the forms that
// repositories use.
func TestLastTag(t *testing.T) {
	for _, tt := range []struct{ version, tags, want string }{
		{"1.2.3", "a/v1.2.2 a/v1.2.1", "a/v1.2.2"},
		{"1.2.3", "a/v1.2.9 a/v1.2.10 a/v1.2.2", "a/v1.2.2"},
		{"1.2.10", "a/v1.2.9 a/v1.2.2", "a/v1.2.9"},
		{"1.2.3", "a/v1.2.3 a/v1.2.2", "a/v1.2.2"},
		{"1.2.3", "a-v1.2.2", "a-v1.2.2"},
		{"1.2.3", "a-1.2.2", "a-1.2.2"},
		{"1.2.3", "a@1.2.2", "a@1.2.2"},
		{"1.2.3", "v1.2.2", "v1.2.2"},
		{"1.2.3", "1.2.2", "1.2.2"},
		{"1.2.3", "v1.2.0 a-1.2.1 a/v1.2.2", "a/v1.2.2"},
		{"1.2.3", "a-1.2.2 a/v1.2.2", "a/v1.2.2"},
		{"1.2.3", "v1.2.2 a/v1.0.0", "v1.2.2"},
		{"1.2.3", "1.2.2 v1.2.2 a-1.2.2", "1.2.2"},
		{"1.2.3", "v2.0.0 v1.0.0", "v1.0.0"},
		{"1.2.3", "a-b/v1.2.2 b/v1.2.2 ab-1.2.2", ""},
		{"1.2.3", "a/v1 a/v1.2.x a/v01.2.2 a/1.2.2/x a-1.2.2rc1 nightly nightly-1.2.2 va1.2.2 x1.2.2", ""},
		{"1.2.3", "a/v1.2.3-rc.1 a/v1.2.2", "a/v1.2.2"},
		{"1.2.3-rc.2", "a/v1.2.3-rc.1 a/v1.2.2", "a/v1.2.3-rc.1"},
		{"0.4.83+curl-8.15.0", "a-0.4.83+curl-8.14.0 a-0.4.82+curl-8.16.0", "a-0.4.83+curl-8.14.0"},
		{"1.2.3", "release-1.2.2", "release-1.2.2"},
		{"1.2.3", "release/1.2.2", "release/1.2.2"},
		{"1.2.3", "releases/v1.2.2 release-1.2.1", "releases/v1.2.2"},
		{"1.2.3", "Release_1.2.2", "Release_1.2.2"},
		{"1.2.3", "rel1.2.2", "rel1.2.2"},
		{"1.2.3", "version-1.2.2", "version-1.2.2"},
		{"1.2.3", "v.1.2.2", "v.1.2.2"},
		{"1.2.3", "V1.2.2", "V1.2.2"},
		{"1.2.3", "a_1.2.2", "a_1.2.2"},
		{"1.2.3", "a.1.2.2", "a.1.2.2"},
		{"1.2.3", "A-V1.2.2", "A-V1.2.2"},
		{"1.2.3", "release/a/1.2.2 v1.2.1", "release/a/1.2.2"},
		{"1.2.3", "a-release-1.2.2", "a-release-1.2.2"},
		{"1.2.3", "v1.2.2/a a/v1.2.1", "a/v1.2.1"},
		{"1.3.0", "v1.2 v1.1.9", "v1.2"},
		{"1.3.0", "v1.2 v1.2.0", "v1.2.0"},
		{"1.3.0", "v1.2 v1.2.1", "v1.2.1"},
		{"1.2.0", "v1.2 v1.1", "v1.1"},
		{"25.7.2", "25.07.1 25.07 25.01.1", "25.07.1"},
		{"1.2.3", "v1.2.2 1.2.2 release-1.2.2", "1.2.2"},
		{"1.2.3", strings.Repeat("v-", 400) + "1.2.2 v" + strings.Repeat("1", 1000) + ".2.2", ""},
		{"1.2.3", "", ""},
	} {
		if got := (Question{Crate: "a", Version: tt.version}).LastTag(strings.Fields(tt.tags), none); got != tt.want {
			t.Errorf("before %s among %q: got %q, want %q", tt.version, tt.tags, got, tt.want)
		}
	}
}

func none(string, string) bool { return false }

// TestLastTagOtherForm checks that a tag without a name is the crate's if it holds the crate at
// its version, even if older or other tags suggest otherwise.
func TestLastTagOtherForm(t *testing.T) {
	q := Question{Crate: "kit-cli", Version: "2.6.1", Dir: "crates/cli", Others: []string{"kit", "crates/lib", "lib"}}
	for _, tt := range []struct{ tags, held, want string }{
		{"cli-v1.20.6 v2.1.0 v2.3.2", "v2.1.0 v2.3.2", "v2.3.2"},
		{"cli-v1.20.6 v2.1.0 v2.3.2", "v2.1.0", "v2.1.0"},
		{"cli-v1.20.6 v2.1.0 v2.3.2", "", "cli-v1.20.6"},
		{"cli-v1.20.6 v1.0.0 v0.9.0", "v1.0.0 v0.9.0", "cli-v1.20.6"},
		{"v2.1.0 v8.0.0", "v2.1.0 v8.0.0", "v2.1.0"},
		{"v2.1.0 v8.0.0", "", ""},
		{"cli-v1.0.0 v2.6.1", "v2.6.1", "cli-v1.0.0"},
		{"cli-v1.0.0 v1.9.0 v2.0.0 v2.0.1 v2.0.2 v2.0.3 v2.0.4 v2.0.5 v2.0.6 v2.0.7", "v1.9.0", "cli-v1.0.0"},
	} {
		asked := 0
		got := q.LastTag(strings.Fields(tt.tags), func(tag, version string) bool {
			if asked++; "v"+version != tag {
				t.Errorf("asked for version %q of tag %q", version, tag)
			}
			return slices.Contains(strings.Fields(tt.held), tag)
		})
		if got != tt.want || asked > maxAsked {
			t.Errorf("among %q, of which %q hold it: got %q, want %q, asked %d times", tt.tags, tt.held, got, tt.want, asked)
		}
	}
}

// TestLastTagOfOtherWords checks that a tag with a word that is no crate's name counts if it holds
// the crate at its version.
func TestLastTagOfOtherWords(t *testing.T) {
	for _, tt := range []struct {
		others           []string
		tags, held, want string
	}{
		{nil, "rust-v1.1.0 v1.0.0", "rust-v1.1.0", "rust-v1.1.0"},
		{nil, "stable-1.1.0 stable-1.0.0", "stable-1.1.0 stable-1.0.0", "stable-1.1.0"},
		{nil, "cargo-kit-v1.1.0", "cargo-kit-v1.1.0", "cargo-kit-v1.1.0"},
		{nil, "stable-1.1.0 v1.1.0", "stable-1.1.0", "v1.1.0"},
		{nil, "docker-v1.1.0 v1.0.0", "", "v1.0.0"},
		{nil, "x1.1.0", "x1.1.0", ""},
		{[]string{"other"}, "rust-v1.1.0 kit-v1.0.0", "rust-v1.1.0", "rust-v1.1.0"},
		{[]string{"other"}, "cargo-kit-v1.1.0", "cargo-kit-v1.1.0", "cargo-kit-v1.1.0"},
		{[]string{"other"}, "cargo-other-v1.1.0 other-rust-v1.0.0", "cargo-other-v1.1.0 other-rust-v1.0.0", ""},
		{[]string{"other"}, "rust-v1.1.0", "", ""},
	} {
		got := Question{Crate: "kit", Version: "1.2.0", Dir: ".", Others: tt.others}.LastTag(strings.Fields(tt.tags), func(tag, version string) bool {
			return strings.HasSuffix(tag, version) && slices.Contains(strings.Fields(tt.held), tag)
		})
		if got != tt.want {
			t.Errorf("among %q, of which %q hold it: got %q, want %q", tt.tags, tt.held, got, tt.want)
		}
	}
}

// TestLastTagOfWorkspace checks that another crate's tag is never taken for the crate's.
func TestLastTagOfWorkspace(t *testing.T) {
	w := &cargo.Workspace{Crates: []cargo.Crate{
		{Name: "kit", Dir: "crates/lib"},
		{Name: "kit-cli", Dir: "crates/cli"},
		{Name: "kit-release", Dir: "crates/kit-release"},
		{Name: "v-2", Dir: "v-2"},
		{Name: "base", Dir: "crates/kit"},
		{Name: "one", Dir: "a/same"},
		{Name: "two", Dir: "b/same"},
	}}
	for _, tt := range []struct{ crate, tags, want string }{
		{"kit", "kit-v1.1.0", "kit-v1.1.0"},
		{"kit", "kit_cli-1.1.0 kit-cli-1.1.0 KIT-CLI/v1.1.0 release-kit-cli-1.1.0", ""},
		{"kit-cli", "kit-v1.1.0 lib-v1.1.0", ""},
		{"kit-cli", "kit_cli-v1.1.0", "kit_cli-v1.1.0"},
		{"kit", "kit-release-1.1.0 kit-release-v1.1.0", ""},
		{"kit", "kit-version-1.1.0", "kit-version-1.1.0"},
		{"kit-release", "kit-release-1.1.0 kit-1.1.1 release-kit-1.1.1", "kit-release-1.1.0"},
		{"v-2", "v-2-1.1.0 v2-1.1.1", "v-2-1.1.0"},
		{"kit-cli", "cli-v1.1.0 v1.1.1", "cli-v1.1.0"},
		{"kit-cli", "crates/cli/v1.1.0", "crates/cli/v1.1.0"},
		{"kit", "crates/kit/v1.1.0 cli-v1.1.1", ""},
		{"base", "crates/kit/v1.1.0 kit-v1.1.1", "crates/kit/v1.1.0"},
		{"one", "same-v1.1.0 b/same/v1.1.1", ""},
		{"one", "a/same/v1.1.0", "a/same/v1.1.0"},
		{"one", "three-v1.1.0", ""},
		{"kit", "v1.1.0", "v1.1.0"},
		{"kit", "v1.1.9 kit-v1.1.0", "kit-v1.1.0"},
		{"kit", "v1.1.0 v2.0.0", ""},
		{"kit", "v1.1.0 v2.0.0-alpha.1", "v1.1.0"},
		{"kit", "v1.1.0 v2.0.0 kit-0.9.0", "kit-0.9.0"},
	} {
		i := slices.IndexFunc(w.Crates, func(c cargo.Crate) bool { return c.Name == tt.crate })
		q := NewQuestion(w, &w.Crates[i])
		q.Version = "1.2.0"
		if got := q.LastTag(strings.Fields(tt.tags), none); got != tt.want {
			t.Errorf("%s among %q: got %q, want %q", tt.crate, tt.tags, got, tt.want)
		}
	}
}
