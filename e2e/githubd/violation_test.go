package githubd

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

// raw sends a request unchanged, and returns the response's status, header and body.
func (w *world) raw(method, url, token, body string) (int, http.Header, string) {
	w.t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := (&http.Transport{}).RoundTrip(r) // without following redirects
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(content)
}

// TestGithubdWrongAnswers makes the server give invalid responses, and checks that the
// validator detects each.
func TestGithubdWrongAnswers(t *testing.T) {
	w := newWorld(t)
	c := w.client(Write)
	w.release(c, "v1")
	spoil := func(f func(object)) {
		w.answered = func(_ route, a *answer) {
			if o, ok := a.body.(object); ok {
				f(o)
			}
		}
	}
	for _, wrong := range []struct {
		what      string
		spoil     func(object)
		violation string
	}{
		{"a string for a number", func(o object) { o["id"] = "7" }, `"/id": value must be an integer`},
		{"a member missing", func(o object) { delete(o, "upload_url") }, `property "upload_url" is missing`},
		{"null where it is not allowed", func(o object) { o["created_at"] = nil }, "created_at"},
		{"a time that is none", func(o object) { o["created_at"] = "yesterday" }, "created_at"},
		{"a URL that is none", func(o object) { o["html_url"] = "/releases/1" }, "html_url"},
		{"a member that GitHub does not have", func(o object) { o["is_latest"] = true }, `property "is_latest" is unsupported`},
		{"an author without a login", func(o object) { delete(o["author"].(object), "login") }, "login"},
	} {
		spoil(wrong.spoil)
		_, _, err := c.Repositories.GetLatestRelease(context.Background(), owner, repo)
		_ = err // go-github may or may not notice
		if got := w.Violations(); len(got) != 1 || !strings.Contains(got[0], wrong.violation) || !strings.Contains(got[0], "answer 200 to GET /repos/{owner}/{repo}/releases/latest") {
			t.Errorf("%s: violations are %q, expected one with %q", wrong.what, got, wrong.violation)
		}
		w.Reset()
	}
	w.answered = func(_ route, a *answer) { a.status = http.StatusTeapot }
	_, _, _ = c.Repositories.GetLatestRelease(context.Background(), owner, repo)
	w.violated("the operation has no such status")
	w.answered = func(_ route, a *answer) { a.text, a.header = "v1", map[string]string{"Content-Type": "text/plain"} }
	_, _, _ = c.Repositories.GetLatestRelease(context.Background(), owner, repo)
	w.violated(`media type "text/plain" is none of the operation`)
	w.answered = nil
}

// TestGithubdWrongRequests checks requests that do not match GitHub's description.
func TestGithubdWrongRequests(t *testing.T) {
	w := newWorld(t)
	token := w.Token("ada", Write)
	releases := w.APIURL() + "repos/octo/crates/releases"
	for _, wrong := range []struct {
		method, url, body string
		status            int
		violation         string
	}{
		{"POST", releases, `{}`, 422, `property "tag_name" is missing`},
		{"POST", releases, `{"tag_name": 1}`, 422, "tag_name"},
		{"POST", releases, `{"tag_name": "v1", "makeLatest": "false", "draft": true}`, 201, `property "makeLatest" is unsupported`},
		{"POST", releases, `{"tag_name": "v1", "make_latest": "no", "draft": true}`, 201, "make_latest"},
		{"POST", releases, `{"tag_name"`, 400, "releases"},
		{"POST", releases, `{"tag_name": "v1", "generate_release_notes": true, "draft": true}`, 201, "no generated notes"},
		{"GET", releases + "?perpage=100", "", 200, `query parameter "perpage" is none of the operation`},
		{"GET", releases + "?page=x", "", 200, "page"},
		{"GET", w.APIURL() + "repos/octo/crates/topics", "", 404, "no such operation"},
		{"GET", releases + "/abc", "", 404, "no such operation"},
		{"POST", releases + "/1/assets?name=a", "x", 404, "no such operation"}, // uploads have another URL
		{"GET", w.UploadURL() + "repos/octo/crates/releases", "", 404, "no such operation"},
		{"POST", w.APIURL() + "repos/octo/crates/git/refs", `{"ref": "refs/tags/x"}`, 422, `property "sha" is missing`},
	} {
		status, _, body := w.raw(wrong.method, wrong.url, token, wrong.body)
		if status != wrong.status {
			t.Errorf("%s %s %s: %d %s, expected %d", wrong.method, wrong.url, wrong.body, status, body, wrong.status)
		}
		w.violated(wrong.violation)
	}
	_, _, _ = w.with(token).Git.GetBlobRaw(context.Background(), owner, repo, w.run(w.clone, "rev-parse", "HEAD:README.md"))
	w.violated("does not answer with")
}

// TestGithubdTokenToStorage checks that a client which sends its token to the storage is
// detected and refused.
func TestGithubdTokenToStorage(t *testing.T) {
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	a, err := w.upload(c, w.draft(c, "v1").GetID(), "a", "content")
	if err != nil {
		t.Fatal(err)
	}
	_, location, err := c.Repositories.DownloadReleaseAsset(context.Background(), owner, repo, a.GetID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, _ := w.raw("GET", location, token, ""); status != 400 {
		t.Errorf("with a token, the storage answers %d", status)
	}
	w.violated("the storage was sent an Authorization header")
	if status, _, body := w.raw("GET", location, "", ""); status != 200 || body != "content" {
		t.Errorf("without a token, the storage answers %d %q", status, body)
	}
	if status, _, _ := w.raw("GET", location+"x", "", ""); status != 404 {
		t.Errorf("with a wrong signature, the storage answers %d", status)
	}
	// go-github's transport adds the token to every request.
	_, _, err = c.Repositories.DownloadReleaseAsset(context.Background(), owner, repo, a.GetID(), c.Client())
	denied(t, err, 400)
	w.violated("the storage was sent an Authorization header")
	content, _, err := c.Repositories.DownloadReleaseAsset(context.Background(), owner, repo, a.GetID(), &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	if raw, err := io.ReadAll(content); err != nil || string(raw) != "content" {
		t.Errorf("downloaded %q, %v", raw, err)
	}
	// On a redirect, Go's client keeps this header only for the same host.
	r, err := http.NewRequest("GET", w.APIURL()+"repos/octo/crates/releases/assets/"+number(a.GetID()), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Accept": {"application/octet-stream"}, "Authorization": {"Bearer " + token}}
	answer, err := (&http.Client{}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if raw, err := io.ReadAll(answer.Body); err != nil || string(raw) != "content" {
		t.Errorf("by the redirect, the content is %q, %v", raw, err)
	}
}

// TestGithubdEveryMember checks that every field go-github can set for a new release
// matches the description.
func TestGithubdEveryMember(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	r, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &github.RepositoryRelease{
		TagName: github.String("v1"), TargetCommitish: github.String("main"), Name: github.String("n"), Body: github.String("b"),
		Draft: github.Bool(true), Prerelease: github.Bool(true), MakeLatest: github.String("false"), GenerateReleaseNotes: github.Bool(false),
	})
	if err != nil || r.GetAuthor().GetLogin() != "ada" || !r.GetPrerelease() || r.GetTargetCommitish() != "main" {
		t.Errorf("made %v, %v", r, err)
	}
}
