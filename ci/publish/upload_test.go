package publish

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/step"
)

func TestReadOwners(t *testing.T) {
	got := readOwners("github:containerd:runwasi-committers (containerd/runwasi-committers)\nada (Ada)\nbob\n")
	if !slices.Equal(got, []string{"github:containerd:runwasi-committers", "ada", "bob"}) {
		t.Errorf("owners %q", got)
	}
}

// TestReadUpload checks how cargo's messages are classified.
func TestReadUpload(t *testing.T) {
	at := time.Now().Add(90 * time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	day := time.Now().Add(24 * time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	tests := []struct {
		name, tail string
		transient  bool
		wait       time.Duration
	}{
		{"a gateway's timeout", "the remote server responded with an error (status 504 Gateway Timeout)", true, 0},
		{"no answer, as libcurl says it", "Caused by:\n  [52] Server returned nothing (no headers, no data) (Empty reply from server)", true, 0},
		{"too many", "(status 429 Too Many Requests): You have published too many crates. Please try again after " + at + " or email", true, 90 * time.Second},
		{"too many, in seconds", "failed to get a 200 OK response, got 429\nheaders:\n\tHTTP/1.1 429 Too Many Requests\n\tretry-after: 600\nbody:\nslow down", true, 600 * time.Second},
		{"too many, until a date", "failed to get a 200 OK response, got 429\nheaders:\n\tRetry-After: " + at + "\n\tdate: now\nbody:\n", true, 90 * time.Second},
		{"too many, for seconds without end", "got 429\nheaders:\n\tRetry-After: 2000000000\nbody:\n", false, 2000000000 * time.Second},
		{"too many, and no word of when", "(status 429 Too Many Requests): slow down", true, 0},
		{"not allowed, and when to come again", "got 403\nheaders:\n\tRetry-After: 5\nbody:\n", false, 0},
		{"a day", "(status 429 Too Many Requests): Please try again after " + day, false, 24 * time.Hour},
		{"a crate that came just before does not show", "error: failed to prepare local package for uploading\n\nCaused by:\n  no matching package named `shimkit` found", true, lag},
		{"a version that came just before does not show", "Caused by:\n  failed to select a version for the requirement `shimkit = \"^0.3.1\"`", true, lag},
		{"not allowed", "api errors (status 403 Forbidden): this crate exists but you don't seem to be an owner", false, 0},
		{"no description", "api errors (status 400 Bad Request): missing or empty metadata fields: description", false, 0},
	}
	for _, tt := range tests {
		err := readUpload(&step.ExitError{Step: "upload", Code: 101, Tail: tt.tail})
		wait, retry := CrateTransient(err)
		if retry != tt.transient || (wait-tt.wait).Abs() > 5*time.Second {
			t.Errorf("%s: passes %t after %s, want %t after %s", tt.name, retry, wait, tt.transient, tt.wait)
		}
		if !strings.Contains(console.ErrorText(err), console.Quoted(tt.tail)) {
			t.Errorf("%s: the error does not say it: %v", tt.name, err)
		}
	}
	for _, tail := range []string{
		"error: crate app@1.2.3 already exists on crates.io index",
		"api errors (status 200 OK): crate version `1.2.3` is already uploaded",
		"(status 500 Internal Server Error): ERROR: Crate with version already exists: app-1.2.3",
	} {
		if err := readUpload(&step.ExitError{Step: "upload", Code: 101, Tail: tail}); !errors.Is(err, ErrThere) || !strings.Contains(err.Error(), tail) {
			t.Errorf("%q is not taken for its being there: %v", tail, err)
		}
	}
	if other := errors.New("no answer of cargo"); !errors.Is(readUpload(other), other) || readUpload(nil) != nil {
		t.Error("another error is not passed on")
	}
}
