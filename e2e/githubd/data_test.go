package githubd

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
)

// TestGithubdData creates a commit from blobs and trees, as a tool without a clone does,
// and a pull request for it.
func TestGithubdData(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	main := w.commit("dir/old", "old\n", "More files")
	base, _, err := c.Git.GetCommit(ctx, owner, repo, main)
	if err != nil {
		t.Fatal(err)
	}
	blob, _, err := c.Git.CreateBlob(ctx, owner, repo, &github.Blob{Content: github.String("AAEC"), Encoding: github.String("base64")})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.Git.GetBlob(ctx, owner, repo, blob.GetSHA()); err != nil || got.GetContent() != "AAEC" || got.GetSize() != 3 {
		t.Errorf("the blob is %v, %v", got, err)
	}
	tree, _, err := c.Git.CreateTree(ctx, owner, repo, base.Tree.GetSHA(), []*github.TreeEntry{
		{Path: github.String("bin"), Mode: github.String("100755"), Type: github.String("blob"), SHA: blob.SHA},
		{Path: github.String("CHANGELOG.md"), Mode: github.String("100644"), Type: github.String("blob"), Content: github.String("# Changes\n")},
		{Path: github.String("dir/old"), Mode: github.String("100644"), Type: github.String("blob")}, // null deletes it
		{Path: github.String("copy"), Mode: github.String("040000"), Type: github.String("tree"), SHA: base.Tree.SHA},
	})
	if err != nil {
		t.Fatal(err)
	}
	date := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	who := &github.CommitAuthor{Name: github.String("Ada"), Email: github.String("ada@test.invalid"), Date: &github.Timestamp{Time: date}}
	commit, _, err := c.Git.CreateCommit(ctx, owner, repo, &github.Commit{
		Message: github.String("Release"), Tree: tree, Parents: []*github.Commit{{SHA: &main}}, Author: who,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !commit.GetCommitter().GetDate().Equal(github.Timestamp{Time: date}) || commit.GetMessage() != "Release" || commit.Parents[0].GetSHA() != main {
		t.Errorf("the commit is %v", commit)
	}
	ref := &github.Reference{Ref: github.String("refs/heads/release"), Object: &github.GitObject{SHA: commit.SHA}}
	if _, _, err := c.Git.CreateRef(ctx, owner, repo, ref); err != nil {
		t.Fatal(err)
	}
	w.run(w.clone, "fetch", "--quiet", "origin")
	if got := w.run(w.clone, "ls-tree", "-r", "--name-only", "origin/release"); got != "CHANGELOG.md\nREADME.md\nbin\ncopy/README.md\ncopy/dir/old" {
		t.Errorf("the commit has %q", got)
	}
	if got, _, err := c.Git.GetTree(ctx, owner, repo, "release", true); err != nil || len(got.Entries) != 7 {
		t.Errorf("the tree is %v, %v", got, err)
	}
	w.run(w.bare, "fsck", "--strict")
	w.pulls(c)
}

// TestGithubdAnnotatedTag creates a tag object, then the reference to it.
func TestGithubdAnnotatedTag(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	head := w.run(w.clone, "rev-parse", "HEAD")
	in := &github.Tag{
		Tag: github.String("v1"), Message: github.String("Version 1"), Object: &github.GitObject{SHA: &head, Type: github.String("commit")},
		Tagger: &github.CommitAuthor{Name: github.String("Ada"), Email: github.String("ada@test.invalid")},
	}
	tag, _, err := c.Git.CreateTag(ctx, owner, repo, in)
	if err != nil {
		t.Fatal(err)
	}
	if tags := w.run(w.bare, "tag"); tags != "" {
		t.Errorf("there is tag %q already", tags)
	}
	ref := &github.Reference{Ref: github.String("refs/tags/v1"), Object: &github.GitObject{SHA: tag.SHA}}
	r, _, err := c.Git.CreateRef(ctx, owner, repo, ref)
	if err != nil || r.Object.GetType() != "tag" {
		t.Fatalf("the reference is %v, %v", r, err)
	}
	if got := w.run(w.bare, "rev-parse", "v1^{commit}"); got != head {
		t.Errorf("the tag leads to %s, expected %s", got, head)
	}
	got, _, err := c.Git.GetTag(ctx, owner, repo, tag.GetSHA())
	if err != nil || got.GetMessage() != "Version 1" || got.Object.GetSHA() != head || got.Tagger.GetName() != "Ada" {
		t.Errorf("the tag is %v, %v", got, err)
	}
	_, _, err = c.Git.GetTag(ctx, owner, repo, head)
	denied(t, err, 404)
	in.Object.Type = github.String("tree")
	_, _, err = c.Git.CreateTag(ctx, owner, repo, in)
	denied(t, err, 422)
	// A release for an existing tag does not change the tag.
	if release := w.release(c, "v1"); release.GetTagName() != "v1" || w.run(w.bare, "rev-parse", "refs/tags/v1") != tag.GetSHA() {
		t.Error("the release changed the tag")
	}
}

// TestGithubdRefusedData checks that data which git would refuse is refused.
func TestGithubdRefusedData(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	const nothing = "0123456789012345678901234567890123456789"
	file := func(path string) []*github.TreeEntry {
		return []*github.TreeEntry{{Path: &path, Mode: github.String("100644"), Type: github.String("blob"), Content: github.String("x")}}
	}
	for _, path := range []string{"../x", ".git/config", "a//b", "/x", "a\x00b"} {
		_, _, err := c.Git.CreateTree(ctx, owner, repo, "", file(path))
		denied(t, err, 422, "tree.path")
	}
	_, _, err := c.Git.CreateTree(ctx, owner, repo, nothing, file("x"))
	denied(t, err, 422, "base_tree")
	_, _, err = c.Git.CreateTree(ctx, owner, repo, "", []*github.TreeEntry{{Path: github.String("x"), Mode: github.String("100644"), SHA: github.String(nothing)}})
	denied(t, err, 422, "tree.sha")
	_, _, err = c.Git.CreateCommit(ctx, owner, repo, &github.Commit{Message: github.String("m"), Tree: &github.Tree{SHA: github.String(nothing)}}, nil)
	denied(t, err, 422, "Tree SHA does not exist")
	_, _, err = c.Git.CreateBlob(ctx, owner, repo, &github.Blob{Content: github.String("?"), Encoding: github.String("base64")})
	denied(t, err, 422)
	if w.Changes() != 0 {
		t.Errorf("%d requests changed something", w.Changes())
	}
}

// pulls creates pull requests from the branch release.
func (w *world) pulls(c *github.Client) {
	ctx, t := context.Background(), w.t
	t.Helper()
	in := &github.NewPullRequest{Title: github.String("Release"), Head: github.String("release"), Base: github.String("main"), Body: github.String("b")}
	p, _, err := c.PullRequests.Create(ctx, owner, repo, in)
	if err != nil {
		t.Fatal(err)
	}
	if p.GetNumber() != 1 || p.GetCommits() != 1 || p.GetChangedFiles() != 4 || p.Head.GetLabel() != "octo:release" || p.GetState() != "open" {
		t.Errorf("the pull request has number %d, %d commits, %d files, head %q, state %q", p.GetNumber(), p.GetCommits(), p.GetChangedFiles(), p.Head.GetLabel(), p.GetState())
	}
	_, _, err = c.PullRequests.Create(ctx, owner, repo, in)
	denied(t, err, 422, "A pull request already exists for octo:release.")
	for text, in := range map[string]*github.NewPullRequest{
		"head":               {Title: github.String("x"), Head: github.String("none"), Base: github.String("main")},
		"base":               {Title: github.String("x"), Head: github.String("release"), Base: github.String("none")},
		"No commits between": {Title: github.String("x"), Head: github.String("main"), Base: github.String("release")},
		"title":              {Head: github.String("release"), Base: github.String("main")},
	} {
		_, _, err := c.PullRequests.Create(ctx, owner, repo, in)
		denied(t, err, 422, text)
	}
	for _, filter := range []struct {
		opts github.PullRequestListOptions
		want int
	}{
		{github.PullRequestListOptions{Head: "octo:release", Base: "main"}, 1},
		{github.PullRequestListOptions{Head: "octo:other"}, 0},
		{github.PullRequestListOptions{Base: "other"}, 0},
		{github.PullRequestListOptions{State: "closed"}, 0},
		{github.PullRequestListOptions{State: "all"}, 1},
	} {
		list, _, err := c.PullRequests.List(ctx, owner, repo, &filter.opts)
		if err != nil || len(list) != filter.want {
			t.Errorf("%+v lists %v, %v; expected %d", filter.opts, list, err, filter.want)
		}
	}
	if _, _, err := c.Issues.AddLabelsToIssue(ctx, owner, repo, 1, []string{"release", "a b", "Release"}); err != nil {
		t.Error(err)
	}
	if p, _, err = c.PullRequests.Get(ctx, owner, repo, 1); err != nil || len(p.Labels) != 2 {
		t.Errorf("the pull request is %v, %v; expected two labels", p, err)
	}
	if list, _, err := c.Issues.ListLabelsByIssue(ctx, owner, repo, 1, nil); err != nil || len(list) != 2 {
		t.Errorf("the labels are %v, %v", list, err)
	}
	_, _, err = c.PullRequests.Get(ctx, owner, repo, 2)
	denied(t, err, 404)
}
