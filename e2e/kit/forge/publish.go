package forge

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dagger/slipway/ci/github"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// Publish publishes a release of a tag at a commit with the files of a directory, as
// anyone with write access could.
func (h *GitHub) Publish(t testing.TB, tag, commit, dir string) {
	t.Helper()
	kit.Git(t, h.Bare, "update-ref", "refs/tags/"+tag, commit)
	draft := github.Draft{Tag: tag, Name: tag, Commit: commit}
	c := h.Client(t)
	r, err := c.CreateDraft(t.Context(), draft)
	kit.Check(t, err)
	entries, err := os.ReadDir(dir)
	kit.Check(t, err)
	for _, f := range entries {
		kit.Check(t, c.Upload(t.Context(), r.ID, f.Name(), filepath.Join(dir, f.Name())))
	}
	_, err = c.Publish(t.Context(), r.ID, draft, false)
	kit.Check(t, err)
}

// SignedDist runs `slipway dist` on a clone. It returns the output directory, and the
// request to publish it in a job that cannot sign.
func SignedDist(t *testing.T, w *kit.Runner, s *sigstack.Stack, h *GitHub) (dist string, published kit.Release) {
	t.Helper()
	r := h.DemoRequest(t, s)
	r.Flags, r.Out = sigstore.Flags(s), filepath.Join(t.TempDir(), "dist")
	w.Command("dist", r).Run(t).WantCode(t, 0)
	p := h.DemoRequest(t, s)
	p.Out = ""
	p.Flags = append(slices.Clone(p.Flags), "--dist", r.Out)
	p.Env = append(slices.Clone(p.Env), "ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=")
	return r.Out, p
}

// Offer returns a GitHub with a copy of a repository, and with a release of shim-demo from
// its main branch that has the files of a directory.
func Offer(t testing.TB, source, dir string) *GitHub {
	t.Helper()
	h := Of(t, source)
	h.Publish(t, DemoTag, kit.Git(t, h.Bare, "rev-parse", "main"), dir)
	return h
}
