package githubd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
)

// TestGithubdStarter checks that a failed upload leaves an asset that blocks the next
// upload until it is deleted.
func TestGithubdStarter(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	draft := w.draft(c, "v1")
	if err := w.Inject(Fault{Kind: StarterAsset, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := w.upload(c, draft.GetID(), "a.tar.gz", "content")
	denied(t, err, 502)
	assets, _, err := c.Repositories.ListReleaseAssets(ctx, owner, repo, draft.GetID(), nil)
	if err != nil || len(assets) != 1 || assets[0].GetState() != "starter" || assets[0].GetSize() != 0 {
		t.Fatalf("the upload left %v, %v", assets, err)
	}
	_, err = w.upload(c, draft.GetID(), "a.tar.gz", "content")
	denied(t, err, 422, "already_exists")
	if _, _, err := c.Repositories.DownloadReleaseAsset(ctx, owner, repo, assets[0].GetID(), nil); err == nil {
		t.Error("an asset without content can be downloaded")
	}
	if _, err := c.Repositories.DeleteReleaseAsset(ctx, owner, repo, assets[0].GetID()); err != nil {
		t.Fatal(err)
	}
	a, err := w.upload(c, draft.GetID(), "a.tar.gz", "content")
	if err != nil || a.GetState() != "uploaded" {
		t.Errorf("the second upload: %v, %v", a, err)
	}
}

// TestGithubdNoDigests checks that an old server returns no digests, for assets and in
// releases.
func TestGithubdNoDigests(t *testing.T) {
	for _, old := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.NoDigests = old })
		c := w.client(Write)
		draft := w.draft(c, "v1")
		if _, err := w.upload(c, draft.GetID(), "a.tar.gz", "content"); err != nil {
			t.Fatal(err)
		}
		token := w.Token("ada", Write)
		for _, path := range []string{"", "/" + number(draft.GetID()), "/" + number(draft.GetID()) + "/assets"} {
			status, _, body := w.raw("GET", w.APIURL()+"repos/octo/crates/releases"+path, token, "")
			if has := strings.Contains(body, `"digest"`); status != 200 || has == old || !strings.Contains(body, `"a.tar.gz"`) {
				t.Errorf("old %t: %d %s", old, status, body)
			}
		}
	}
}

// TestGithubdBrokenUpload checks that an upload aborted by the client leaves a starter
// asset too.
func TestGithubdBrokenUpload(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	draft := w.draft(c, "v1")
	base, err := url.Parse(w.UploadURL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", base.Host)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST /repos/octo/crates/releases/%d/assets?name=a HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\nAuthorization: Bearer %s\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhalf", draft.GetID(), token)
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r, _, err := c.Repositories.GetRelease(ctx, owner, repo, draft.GetID())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Assets) == 1 && r.Assets[0].GetState() == "starter" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the assets are %v, expected one of state starter", r.Assets)
		}
	}
}

// TestGithubdRefusedUploads checks uploads that GitHub refuses.
func TestGithubdRefusedUploads(t *testing.T) {
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	draft := w.draft(c, "v1")
	_, err := w.upload(c, draft.GetID(), "empty", "") // Go sends it without a length
	denied(t, err, 400, "Bad Content-Length")
	_, err = w.upload(c, 999, "a", "content")
	denied(t, err, 404)
	post := func(length int64, header http.Header) int {
		t.Helper()
		r, err := http.NewRequest("POST", w.UploadURL()+"repos/octo/crates/releases/"+number(draft.GetID())+"/assets?name=a", io.LimitReader(strings.NewReader("abc"), 3))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength, r.Header = length, header
		r.Header.Set("Authorization", "token "+token)
		answer, err := (&http.Client{}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if status := post(-1, http.Header{"Content-Type": {"text/plain"}}); status != 400 {
		t.Errorf("without a length: %d, expected 400", status)
	}
	if status, _, body := w.raw("POST", w.UploadURL()+"repos/octo/crates/releases/"+number(draft.GetID())+"/assets?name=a", token, ""); status != 422 || !strings.Contains(body, "size must be greater than or equal to 1") {
		t.Errorf("an empty file: %d %s, expected 422", status, body)
	}
	if status := post(3, http.Header{}); status != 422 {
		t.Errorf("without a media type: %d, expected 422", status)
	}
	if n := w.Changes(); n != 1 {
		t.Errorf("%d requests changed something, expected the draft alone", n)
	}
}

// TestGithubdEditAsset checks renaming assets.
func TestGithubdEditAsset(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	r := w.release(c, "v1")
	var ids []int64
	for _, name := range []string{"a b.txt", "b"} {
		a, err := w.upload(c, r.GetID(), name, name)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, a.GetID())
	}
	_, _, err := c.Repositories.EditReleaseAsset(ctx, owner, repo, ids[1], &github.ReleaseAsset{Name: github.String("a.b.txt")})
	denied(t, err, 422, "already_exists")
	a, _, err := c.Repositories.EditReleaseAsset(ctx, owner, repo, ids[0], &github.ReleaseAsset{Name: github.String("c"), Label: github.String("the c")})
	if err != nil || a.GetName() != "c" || a.GetLabel() != "the c" {
		t.Errorf("the asset is %v, %v", a, err)
	}
	downloads(t, a.GetBrowserDownloadURL(), "a b.txt")
	if a, _, err = c.Repositories.GetReleaseAsset(ctx, owner, repo, ids[0]); err != nil || a.GetDownloadCount() != 1 {
		t.Errorf("the asset is %v, %v; expected one download", a, err)
	}
}

// TestGithubdNames checks how GitHub changes the names of assets.
func TestGithubdNames(t *testing.T) {
	c := &call{s: &Server{}}
	for name, want := range map[string]string{
		"shim-x86_64-linux-musl.tar.gz": "shim-x86_64-linux-musl.tar.gz",
		"SHA256SUMS":                    "SHA256SUMS",
		"a b (1).zip":                   "a.b.1.zip",
		"1~3.3.0-1":                     "1.3.3.0-1",
		"cpython+2023@x":                "cpython+2023@x",
		".env":                          "default.env",
		"..a..b..":                      "default.a.b",
		"???.txt":                       "default.txt",
		"dir/file":                      "dir.file",
	} {
		if got := c.assetName(name); got != want {
			t.Errorf("%q becomes %q, expected %q", name, got, want)
		}
	}
	if c.assetName("żółw.txt"); len(c.s.Violations()) != 1 {
		t.Errorf("violations are %q, expected one for letters beyond ASCII", c.s.Violations())
	}
}

// zeros is an endless reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestGithubdLargeAsset checks that the largest asset GitHub accepts is uploaded and
// downloaded with little memory.
func TestGithubdLargeAsset(t *testing.T) {
	size := int64(assetLimit - 1)
	if testing.Short() {
		size = 128 << 20
	}
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	draft := w.draft(c, "v1")
	url := "repos/octo/crates/releases/" + number(draft.GetID()) + "/assets?name=large"
	upload := func(size int64) (*github.ReleaseAsset, error) {
		r, err := c.NewUploadRequest(url, io.LimitReader(zeros{}, size), size, "application/octet-stream")
		if err != nil {
			t.Fatal(err)
		}
		a := new(github.ReleaseAsset)
		_, err = c.Do(context.Background(), r, a)
		return a, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := upload(size)
	runtime.ReadMemStats(&after)
	if err != nil || int64(a.GetSize()) != size {
		t.Fatalf("uploaded %v, %v; expected %d bytes", a, err, size)
	}
	// Total allocations are not affected by garbage collection.
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes took %d bytes of memory", size, used)
	}
	if _, err := c.Repositories.DeleteRelease(context.Background(), owner, repo, draft.GetID()); err != nil {
		t.Error(err)
	}
}

// TestGithubdTooLargeAsset checks that an upload that is too large is refused by its
// length.
func TestGithubdTooLargeAsset(t *testing.T) {
	w := newWorld(t)
	token := w.Token("ada", Write)
	draft := w.draft(w.with(token), "v1")
	r, err := http.NewRequest("POST", w.UploadURL()+"repos/octo/crates/releases/"+number(draft.GetID())+"/assets?name=a", zeros{})
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = assetLimit
	r.Header = http.Header{"Content-Type": {"text/plain"}, "Authorization": {"Bearer " + token}, "Expect": {"100-continue"}}
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 422 {
		t.Errorf("answered %s, expected 422", answer.Status)
	}
}
