package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
)

const immutableNote = "releases of this repository are immutable once they are published"

// TestPublishImmutable releases to a repository with immutable releases. A workflow's token
// cannot read that setting, an administrator's can.
func TestPublishImmutable(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	source := example(t)
	commit(t, s, source)
	locked := func(o *githubd.Options) { o.Immutable = true }
	tests := []struct {
		name       string
		permission githubd.Permission
		settings   func(*githubd.Options)
		note       bool
	}{
		{"a token that may not see it", githubd.Write, locked, true}, // the release itself shows it
		{"an administrator's", githubd.Admin, locked, true},
		{"a repository where it is off", githubd.Write, func(*githubd.Options) {}, false},
		{"a repository where it is off, to an administrator", githubd.Admin, func(*githubd.Options) {}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := fakeGitHubOf(t, source, tt.settings)
			h.token = h.Token("releaser", tt.permission)
			first := w.release(t, h.published(t, s)).wantCode(t, 0)
			h.wantReleased(t, s)
			before := h.Changes()
			again := w.release(t, h.published(t, s)).wantCode(t, 0)
			if n := h.Changes() - before; n != 0 {
				t.Errorf("a second run changed %d things", n)
			}
			for _, got := range []result{first, again} {
				if n := strings.Count(got.stdout, immutableNote); n != map[bool]int{true: 1}[tt.note] {
					t.Errorf("the summary says %d times that releases are immutable:\n%s", n, got.stdout)
				}
			}
		})
	}
	t.Run("one that is not finished says so to who may see it", func(t *testing.T) {
		h := fakeGitHubOf(t, source, locked)
		h.token = h.Token("releaser", githubd.Admin)
		check(t, h.Inject(githubd.Fault{Operation: createTag, Kind: githubd.PrimaryLimit, After: 24 * time.Hour}))
		r, summary := h.published(t, s), filepath.Join(t.TempDir(), "summary.md")
		r.env = append(r.env, "GITHUB_STEP_SUMMARY="+summary)
		w.release(t, r).wantCode(t, 1).wantError(t, "not begun   publish the draft", "Nothing that users can see has changed")
		if text := read(t, summary); !strings.Contains(text, immutableNote) {
			t.Errorf("the job summary says\n%s", text)
		}
		h.ClearFaults()
		w.release(t, h.published(t, s)).wantCode(t, 0)
		h.wantReleased(t, s)
	})
	for _, operation := range []string{uploadAsset, createTag, editRelease} {
		for _, stage := range []githubd.Stage{githubd.Received, githubd.Handled} {
			t.Run("killed at "+operation+" "+string(stage), func(t *testing.T) {
				h := fakeGitHubOf(t, source, locked)
				h.interrupt(t, w, s, h.when(operation, stage))
				w.release(t, h.published(t, s)).wantCode(t, 0)
				h.wantReleased(t, s)
			})
		}
	}
	t.Run("the tag of one that was deleted", func(t *testing.T) {
		h := fakeGitHubOf(t, source, locked)
		w.release(t, h.published(t, s)).wantCode(t, 0)
		h.deleteRelease(t)
		got := w.release(t, h.published(t, s)).wantCode(t, 1)
		got.wantError(t, "publishing the release", "tag_name was used by an immutable release", "Nothing that users can see has changed")
	})
}

// deleteRelease deletes the published release, as a person can on GitHub's website.
func (h *fakeGitHub) deleteRelease(t testing.TB) {
	t.Helper()
	c := h.client(t)
	r, err := c.Published(t.Context(), demoTag)
	check(t, err)
	r.Draft = true // slipway's client deletes drafts only
	check(t, c.DeleteDraft(t.Context(), r))
}
