package githubd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"dagger/slipway/e2e/sigstack/fault"
)

const createOperation = "POST /repos/{owner}/{repo}/releases"

// TestGithubdHook checks that the hook sees every stage and can hold a request.
func TestGithubdHook(t *testing.T) {
	w := newWorld(t)
	c := w.client(Write)
	events, hold := make(chan string, 3), make(chan struct{})
	w.OnRequest(func(e Event) {
		tag, _ := w.git(w.bare, "tag")
		events <- fmt.Sprintf("%s %s %s %d %t %q", e.Stage, e.Operation, e.Login, e.Status, e.Changed, tag)
		if e.Stage == Handled {
			<-hold
		}
	})
	done := make(chan error, 1)
	go func() {
		_, _, err := c.Repositories.CreateRelease(context.Background(), owner, repo, &github.RepositoryRelease{TagName: github.String("v1")})
		done <- err
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-events:
			if got != want {
				t.Errorf("the event is %q, expected %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no event; expected %q", want)
		}
	}
	expect("received " + createOperation + ` ada 0 false ""`)
	expect("handled " + createOperation + ` ada 201 true "v1"`)
	// Other requests are not held.
	if status, _, _ := w.raw("GET", w.storage+"/1/1", "", ""); status != 404 {
		t.Errorf("the storage answers %d", status)
	}
	select {
	case err := <-done:
		t.Errorf("answered while held: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expect("answered " + createOperation + ` ada 201 true "v1"`)
	w.OnRequest(nil)
}

// TestGithubdLostAnswer checks that a request whose response is lost took effect.
func TestGithubdLostAnswer(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	if err := w.Inject(Fault{Kind: LoseAnswer, Operation: createOperation, Times: 1}); err != nil {
		t.Fatal(err)
	}
	in := &github.RepositoryRelease{TagName: github.String("v1"), Draft: github.Bool(true)}
	_, _, err := c.Repositories.CreateRelease(ctx, owner, repo, in)
	if !errors.Is(err, io.EOF) {
		t.Errorf("the answer is %v, expected none", err)
	}
	list, _, err := c.Repositories.ListReleases(ctx, owner, repo, nil)
	if err != nil || len(list) != 1 {
		t.Errorf("the releases are %v, %v; expected one", list, err)
	}
	log := w.Requests()
	if len(log) != 2 || log[0].Status != 0 || !log[0].Changed || log[0].Login != "ada" || log[0].Operation != createOperation || log[1].Status != 200 || log[1].Changed {
		t.Errorf("the requests are %+v", log)
	}
	if w.Changes() != 1 {
		t.Errorf("%d requests changed something", w.Changes())
	}
	w.Reset()
	if len(w.Requests()) != 0 {
		t.Error("requests are left")
	}
}

// TestGithubdReading checks that reading requests change nothing.
func TestGithubdReading(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Read)
	if _, _, err := c.Repositories.Get(ctx, owner, repo); err != nil {
		t.Error(err)
	}
	_, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &github.RepositoryRelease{TagName: github.String("v1")})
	denied(t, err, 403, "Resource not accessible by integration")
	if w.Changes() != 0 {
		t.Errorf("%d requests changed something", w.Changes())
	}
}

// TestGithubdEnterprise uses the paths of an enterprise server, and checks that responses
// have them too.
func TestGithubdEnterprise(t *testing.T) {
	w := newWorld(t)
	c, err := github.NewClient(&http.Client{}).WithAuthToken(w.Token("ada", Write)).WithEnterpriseURLs(w.URL, w.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.flow(c, w.URL+"/api/v3/repos/", w.URL+"/api/uploads/repos/", w.URL+"/octo/")
}

// TestGithubdBehindProxies checks that responses name the proxies, so that nothing bypasses
// them.
func TestGithubdBehindProxies(t *testing.T) {
	w := newWorld(t)
	proxy := func(target string) *fault.Proxy {
		p, err := fault.NewProxy(target)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
	front, upload, storage := proxy(w.URL), proxy(w.Server.upload), proxy(w.storage)
	// Another name of the same host; otherwise the client would treat it as the API's.
	named := strings.Replace(storage.URL, "127.0.0.1", "localhost", 1)
	w.Announce(Addresses{URL: front.URL, Upload: upload.URL, Storage: named})
	w.flow(w.client(Write), front.URL+"/repos/", upload.URL+"/repos/", front.URL+"/octo/")
	if front.Count("/repos/") != 3 || upload.Count("") != 1 || storage.Count("") != 1 || front.Count("/octo/") != 1 {
		t.Errorf("the proxies got %v, %v, %v", front.Requests(), upload.Requests(), storage.Requests())
	}
}

// flow creates a release with an asset, and checks its URLs.
func (w *world) flow(c *github.Client, api, uploads, web string) {
	ctx, t := context.Background(), w.t
	t.Helper()
	draft := w.draft(c, "v1")
	if _, err := w.upload(c, draft.GetID(), "a", "content"); err != nil {
		t.Fatal(err)
	}
	r, _, err := c.Repositories.EditRelease(ctx, owner, repo, draft.GetID(), &github.RepositoryRelease{Draft: github.Bool(false)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Repositories.GetReleaseByTag(ctx, owner, repo, "v1"); err != nil {
		t.Error(err)
	}
	for url, prefix := range map[string]string{
		r.GetURL(): api, r.Assets[0].GetURL(): api, r.GetUploadURL(): uploads, r.GetHTMLURL(): web, r.Assets[0].GetBrowserDownloadURL(): web,
	} {
		if !strings.HasPrefix(url, prefix) {
			t.Errorf("the URL %q is in the answer, expected it below %q", url, prefix)
		}
	}
	downloads(t, r.Assets[0].GetBrowserDownloadURL(), "content")
}
