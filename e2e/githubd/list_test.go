package githubd

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

// TestGithubdLatest checks which release is the latest after each is published.
func TestGithubdLatest(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	_, _, err := c.Repositories.GetLatestRelease(ctx, owner, repo)
	denied(t, err, 404)
	publish := func(tag, makeLatest string, prerelease bool) {
		t.Helper()
		in := github.RepositoryRelease{TagName: &tag, Prerelease: &prerelease}
		if makeLatest != "" {
			in.MakeLatest = &makeLatest
		}
		if _, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &in); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		tag, makeLatest string
		prerelease      bool
		latest          string
	}{
		{"v2.0.0", "", false, "v2.0.0"},
		{"v1.9.0", "false", false, "v2.0.0"},
		{"v3.0.0-rc.1", "", true, "v2.0.0"},
		{"v1.9.1", "", false, "v1.9.1"},
		{"v1.9.2", "legacy", false, "v2.0.0"},
		{"v1.0.0", "true", false, "v1.0.0"},
	} {
		publish(step.tag, step.makeLatest, step.prerelease)
		r, _, err := c.Repositories.GetLatestRelease(ctx, owner, repo)
		if err != nil || r.GetTagName() != step.latest {
			t.Errorf("after %q with make_latest %q, the latest is %q, %v; expected %q", step.tag, step.makeLatest, r.GetTagName(), err, step.latest)
		}
	}
}

// TestGithubdPages lists more releases than fit on a page, by number and by link.
func TestGithubdPages(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	const all = 105
	for i := range all {
		w.draft(c, "v"+number(int64(i)))
	}
	var ids []int64
	pages := 0
	for opts := (&github.ListOptions{PerPage: 50}); ; {
		list, answer, err := c.Repositories.ListReleases(ctx, owner, repo, opts)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range list {
			ids = append(ids, r.GetID())
		}
		if answer.NextPage == 0 {
			if answer.FirstPage != 1 || answer.PrevPage != 2 {
				t.Errorf("the last page links to %d and %d", answer.FirstPage, answer.PrevPage)
			}
			break
		}
		if answer.LastPage != 3 {
			t.Errorf("the last page is %d, expected 3", answer.LastPage)
		}
		opts.Page = answer.NextPage
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); pages != 3 || len(ids) != all {
		t.Errorf("%d pages have %d releases, expected 3 with %d", pages, len(ids), all)
	}
	// The link itself, which identifies the repository by number.
	list, answer, err := c.Repositories.ListReleases(ctx, owner, repo, nil)
	if err != nil || len(list) != 30 {
		t.Fatalf("a page has %d releases, %v; expected 30", len(list), err)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(answer.Header.Get("Link"), "<"), ">")
	r, err := c.NewRequest("GET", next, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(ctx, r, &list); err != nil || len(list) != 30 || !strings.Contains(next, "/repositories/") {
		t.Errorf("behind %q are %d releases, %v", next, len(list), err)
	}
}

// TestGithubdStaleList checks that a new draft can be missing from the list.
func TestGithubdStaleList(t *testing.T) {
	w := newWorld(t)
	c := w.client(Write)
	w.draft(c, "v1")
	w.draft(c, "v2")
	if err := w.Inject(Fault{Kind: StaleList, Times: 1}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 2} {
		list, _, err := c.Repositories.ListReleases(context.Background(), owner, repo, nil)
		if err != nil || len(list) != want {
			t.Errorf("%d releases, %v; expected %d", len(list), err, want)
		}
	}
}
