package reproduce

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
)

// TestCheckCheckout checks that for a source that is not the tag's commit the error names the
// one to check out.
func TestCheckCheckout(t *testing.T) {
	const at, other = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/git/ref/tags/app/v1.2.3") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"object": {"type": "commit", "sha": "` + at + `"}}`))
	}))
	defer server.Close()
	hub, err := github.New(github.Options{Repository: "owner/name", API: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, version string
		source        plan.Source
		want          []string // nil: no error
	}{
		{"the commit", "1.2.3", plan.Source{Commit: at}, nil},
		{"no repository", "1.2.3", plan.Source{}, []string{"it is not a git repository", at, "git checkout app/v1.2.3"}},
		{"another commit", "1.2.3", plan.Source{Commit: other}, []string{"it is commit " + other, `the tag "app/v1.2.3" is at commit ` + at, "git checkout app/v1.2.3"}},
		{"changed files", "1.2.3", plan.Source{Commit: at, Dirty: true}, []string{"files differ from commit " + at, "git stash", "git checkout app/v1.2.3"}},
		{"no such tag", "1.2.4", plan.Source{Commit: at}, []string{`checking the tag "app/v1.2.4": GitHub has no such tag`}},
		{"no version", "v1", plan.Source{Commit: at}, []string{"v1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckCheckout(t.Context(), hub, "app", tt.version, tt.source)
			if tt.want == nil && err != nil {
				t.Error(err)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, expected %q", err, want)
				}
			}
		})
	}
}
