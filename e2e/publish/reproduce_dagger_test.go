package publish

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

// storageURL returns the URL to which GitHub redirects downloads.
func storageURL(t testing.TB, h *forge.GitHub) *url.URL {
	t.Helper()
	r, err := h.Client(t).Published(t.Context(), forge.DemoTag)
	kit.Check(t, err)
	list, err := h.Client(t).Assets(t.Context(), r.ID)
	kit.Check(t, err)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stay.Get(list[0].URL)
	kit.Check(t, err)
	kit.Check(t, resp.Body.Close())
	u, err := resp.Location()
	kit.Check(t, err)
	return u
}

// TestPublishReproduceDagger rebuilds a release with just `dagger call`.
func TestPublishReproduceDagger(t *testing.T) {
	w := kit.Dagger(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	reproduce := func(h *forge.GitHub, source string) kit.Result {
		var n kit.NamedHosts
		api := n.Add(t, "github.test", h.URL)
		storage := storageURL(t, h)
		n.Args = append(n.Args, "with-service", "--host", "storage.test", "--service", "tcp://"+storage.Host)
		h.Announce(githubd.Addresses{Storage: "http://storage.test:" + storage.Port()})
		defer h.Announce(githubd.Addresses{})
		args := slices.Concat(n.Args, []string{"reproduce", "--crate", "shim-demo", "--version", "0.1.0", "--repository", "containerd/runwasi", "--github-api", api}, sigstore.Flags(s))
		return kit.CallModule(t, source, args...).Run(t)
	}
	reproduce(h, h.Clone(t)).WantCode(t, 0).WantStdout(t, forge.ReportLine("same bytes", forge.DemoBinary), forge.ReportLine("signed, verified", forge.DemoTarball), "The same: what users download")
	clone := h.Clone(t)
	kit.Git(t, clone, "commit", "--quiet", "--allow-empty", "--message", "more")
	reproduce(h, clone).WantCode(t, 1).WantStderr(t, "git checkout "+forge.DemoTag)
	dir := h.DownloadDemo(t)
	at := tamper(t, dir)
	other := forge.Offer(t, kit.Git(t, h.Bare, "rev-parse", "--absolute-git-dir"), dir)
	reproduce(other, other.Clone(t)).WantCode(t, 1).WantStderr(t, forge.ReportLine("differs", forge.DemoBinary)+fmt.Sprintf(": first at byte %d of ", at))
}
