package github

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeGitHub returns a client of a fake server with the given handler.
func fakeGitHub(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	c, err := New(Options{Repository: "owner/name", API: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDownloadIsBounded checks that a server cannot fill the disk or the memory.
func TestDownloadIsBounded(t *testing.T) {
	asked := 0
	c := fakeGitHub(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
	})
	dir := t.TempDir()
	for _, tt := range []struct {
		name string
		list []Asset
		want string
	}{
		{"one huge file", []Asset{{ID: 1, Name: "a", Size: 3 << 30}}, "expected at most 2147483648"},
		{"no size", []Asset{{ID: 1, Name: "a", Size: -1}}, "it has -1 bytes"},
		{"huge together", []Asset{{Name: "a", Size: 2 << 30}, {Name: "b", Size: 2 << 30}, {Name: "c", Size: 2 << 30}, {Name: "d", Size: 2 << 30}, {Name: "e", Size: 1}}, "more than 8589934592 bytes together"},
	} {
		if err := c.DownloadAssets(context.Background(), tt.list, dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if asked > 0 {
		t.Errorf("%d files were asked for", asked)
	}
	if err := c.DownloadAssets(context.Background(), []Asset{{ID: 1, Name: "a", Size: 10}}, dir); err == nil || !strings.Contains(err.Error(), "it has 11 bytes or more, expected 10") {
		t.Errorf("a file longer than it should be: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "a")); err == nil && info.Size() > 11 {
		t.Errorf("%d bytes were written", info.Size())
	}
}

// TestUploadOfLink checks that a symbolic link is not uploaded.
func TestUploadOfLink(t *testing.T) {
	c := fakeGitHub(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	file := filepath.Join(t.TempDir(), "asset")
	if err := os.Symlink("/proc/self/environ", file); err != nil {
		t.Fatal(err)
	}
	if err := c.Upload(context.Background(), 1, "asset", file); err == nil || !strings.Contains(err.Error(), `is a symbolic link to "/proc/self/environ"`) {
		t.Errorf("Upload = %v", err)
	}
}
