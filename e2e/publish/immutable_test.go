package publish

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

const immutableNote = "releases of this repository are immutable once they are published"

// TestPublishImmutable releases to a repository with immutable releases. A workflow's token
// cannot read that setting, an administrator's can.
func TestPublishImmutable(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	source := kit.Example(t)
	sigstore.Commit(t, s, source)
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
			h := forge.Of(t, source, tt.settings)
			h.MaintainerToken = h.Token("releaser", tt.permission)
			first := w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
			h.WantReleased(t, s)
			before := h.Changes()
			again := w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
			if n := h.Changes() - before; n != 0 {
				t.Errorf("a second run changed %d things", n)
			}
			for _, got := range []kit.Result{first, again} {
				if n := strings.Count(got.Stdout, immutableNote); n != map[bool]int{true: 1}[tt.note] {
					t.Errorf("the summary says %d times that releases are immutable:\n%s", n, got.Stdout)
				}
			}
		})
	}
	t.Run("one that is not finished says so to who may see it", func(t *testing.T) {
		h := forge.Of(t, source, locked)
		h.MaintainerToken = h.Token("releaser", githubd.Admin)
		kit.Check(t, h.Inject(githubd.Fault{Operation: createTag, Kind: githubd.PrimaryLimit, After: 24 * time.Hour}))
		r, summary := h.DemoRequest(t, s), filepath.Join(t.TempDir(), "summary.md")
		r.Env = append(r.Env, "GITHUB_STEP_SUMMARY="+summary)
		w.Release(t, r).WantCode(t, 1).WantError(t, "not begun   publish the draft", "Nothing that users can see has changed")
		if text := kit.Read(t, summary); !strings.Contains(text, immutableNote) {
			t.Errorf("the job summary says\n%s", text)
		}
		h.ClearFaults()
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		h.WantReleased(t, s)
	})
	for _, operation := range []string{uploadAsset, createTag, editRelease} {
		for _, stage := range []githubd.Stage{githubd.Received, githubd.Handled} {
			t.Run("killed at "+operation+" "+string(stage), func(t *testing.T) {
				h := forge.Of(t, source, locked)
				interruptDemo(t, h, w, s, atOperation(h, operation, stage))
				w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
				h.WantReleased(t, s)
			})
		}
	}
	t.Run("the tag of one that was deleted", func(t *testing.T) {
		h := forge.Of(t, source, locked)
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		deleteRelease(t, h)
		got := w.Release(t, h.DemoRequest(t, s)).WantCode(t, 1)
		got.WantError(t, "publishing the release", "tag_name was used by an immutable release", "Nothing that users can see has changed")
	})
}

// deleteRelease deletes the published release, as a person can on GitHub's website.
func deleteRelease(t testing.TB, h *forge.GitHub) {
	t.Helper()
	c := h.Client(t)
	r, err := c.Published(t.Context(), forge.DemoTag)
	kit.Check(t, err)
	r.Draft = true // slipway's client deletes drafts only
	kit.Check(t, c.DeleteDraft(t.Context(), r))
}
