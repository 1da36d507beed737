package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"dagger/slipway/e2e/githubd"
)

// storage returns the URL to which GitHub redirects downloads.
func (h *fakeGitHub) storage(t testing.TB) *url.URL {
	t.Helper()
	r, err := h.client(t).Published(t.Context(), demoTag)
	check(t, err)
	list, err := h.client(t).Assets(t.Context(), r.ID)
	check(t, err)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stay.Get(list[0].URL)
	check(t, err)
	check(t, resp.Body.Close())
	u, err := resp.Location()
	check(t, err)
	return u
}

// TestPublishReproduceDagger rebuilds a release with just `dagger call`.
func TestPublishReproduceDagger(t *testing.T) {
	w := dagger(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	w.release(t, h.published(t, s)).wantCode(t, 0)
	reproduce := func(h *fakeGitHub, source string) result {
		var n named
		api := n.as(t, "github.test", h.URL)
		storage := h.storage(t)
		n.args = append(n.args, "with-service", "--host", "storage.test", "--service", "tcp://"+storage.Host)
		h.Announce(githubd.Addresses{Storage: "http://storage.test:" + storage.Port()})
		defer h.Announce(githubd.Addresses{})
		args := slices.Concat(n.args, []string{"reproduce", "--crate", "shim-demo", "--version", "0.1.0", "--repository", "containerd/runwasi", "--github-api", api}, stackFlags(s))
		return call(t, source, args...).run(t)
	}
	reproduce(h, h.clone(t)).wantCode(t, 0).wantLines(t, line("same bytes", demoBinary), line("signed, verified", demoTarball), "The same: what users download")
	clone := h.clone(t)
	git(t, clone, "commit", "--quiet", "--allow-empty", "--message", "more")
	reproduce(h, clone).wantCode(t, 1).wantStderr(t, "git checkout "+demoTag)
	dir := h.assets(t)
	at := tamper(t, dir)
	other := offer(t, git(t, h.bare, "rev-parse", "--absolute-git-dir"), dir)
	reproduce(other, other.clone(t)).wantCode(t, 1).wantStderr(t, line("differs", demoBinary)+fmt.Sprintf(": first at byte %d of ", at))
}
