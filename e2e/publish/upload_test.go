package publish

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/secret"
	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/sigstack/fault"
)

// drafted returns a draft on a fake GitHub that delays each response.
func drafted(t *testing.T, delay time.Duration) *publish.GitHub {
	t.Helper()
	source := kit.Example(t)
	kit.InitRepository(t, source, "main")
	h := forge.Of(t, source)
	proxy, err := fault.NewProxy(h.URL)
	kit.Check(t, err)
	t.Cleanup(func() { kit.Check(t, proxy.Close()) })
	h.Announce(githubd.Addresses{URL: proxy.URL, Upload: proxy.URL + "/api/uploads"})
	proxy.Delay(delay)
	client, err := github.New(github.Options{Repository: "containerd/runwasi", Token: secret.New(h.MaintainerToken), API: proxy.URL})
	kit.Check(t, err)
	g := &publish.GitHub{Client: client, Draft: github.Draft{Tag: "app/v1.0.0", Name: "app/v1.0.0", Commit: kit.Git(t, source, "rev-parse", "HEAD"), Body: "notes"}}
	perform(t, g.DraftEffect("create a draft"))
	return g
}

func perform(t testing.TB, e publish.Effect) {
	t.Helper()
	if _, err := e.Perform(t.Context(), github.Transient); err != nil {
		t.Error(err)
	}
}

// files creates files of a size, and returns the effects that upload them.
func files(t *testing.T, g *publish.GitHub, prefix string, n int, size int64) []publish.Effect {
	t.Helper()
	var list []publish.Effect
	for i := range n {
		file := publish.File{Name: fmt.Sprintf("%s-%d.tar.gz", prefix, i)}
		file.Path = filepath.Join(t.TempDir(), file.Name)
		kit.Check(t, os.WriteFile(file.Path, []byte(file.Name), 0o644))
		kit.Check(t, os.Truncate(file.Path, size))
		sum, err := dist.Digest(file.Path)
		kit.Check(t, err)
		file.SHA256 = fmt.Sprintf("%x", sum)
		list = append(list, g.AssetEffect("upload "+file.Name, file))
	}
	return list
}

// TestPublishUploadTime uploads 16 assets with 100 ms per response, sequentially and
// concurrently.
func TestPublishUploadTime(t *testing.T) {
	g := drafted(t, 100*time.Millisecond)
	begin := time.Now()
	for _, e := range files(t, g, "one-by-one", 16, 1<<16) {
		perform(t, e)
	}
	sequential := time.Since(begin)
	begin = time.Now()
	var group errgroup.Group
	for _, e := range files(t, g, "together", 16, 1<<16) {
		group.Go(func() error { perform(t, e); return nil })
	}
	kit.Check(t, group.Wait())
	together := time.Since(begin)
	ratio := together.Seconds() / sequential.Seconds()
	t.Logf("MEASURED: 16 assets side by side over one by one, 100 ms an answer: %.2f (%.1f s / %.1f s; at most 0.25)", ratio, together.Seconds(), sequential.Seconds())
	if ratio > 0.25 {
		t.Errorf("side by side takes %.2f of the time, expected a quarter at most", ratio)
	}
}

// TestPublishUploadMemory uploads an asset of 2 GB (GitHub accepts less than 2 GiB).
func TestPublishUploadMemory(t *testing.T) {
	g := drafted(t, 0)
	size := int64(2_000_000_000)
	if testing.Short() {
		size = 200_000_000
	}
	upload := files(t, g, "large", 1, size)[0]
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan uint64)
	stop := make(chan struct{})
	go func() {
		var most uint64
		for {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	perform(t, upload)
	close(stop)
	grown := int64(<-done) - int64(before.HeapAlloc)
	t.Logf("MEASURED: uploading %d MB took %d MB of memory, the server's included (at most 64)", size/1_000_000, grown>>20)
	if grown > 64<<20 {
		t.Errorf("memory grew by %d MB, expected 64 at most", grown>>20)
	}
}
