package repository

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// endless writes a text again and again until the client has gone or 64 MiB are sent, and reports how
// many bytes were sent.
func endless(w io.Writer, text string) (sent int64) {
	piece := []byte(strings.Repeat(text, 1<<20/len(text)))
	for sent < 64<<20 {
		n, err := w.Write(piece)
		if sent += int64(n); err != nil {
			return sent
		}
	}
	return sent
}

// hostile serves a registry whose answers other than the first handshake are given by answer, and returns a
// reference to an image in it.
func hostile(t *testing.T, answer http.HandlerFunc) name.Reference {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://")+"/app:1", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestEndlessAnswers checks that nothing that a registry sends is read beyond its size limit, whether the
// registry sends it itself or redirects to another path.
func TestEndlessAnswers(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	ask := map[string]struct {
		ask  func(*testing.T, name.Reference, http.RoundTripper) error
		text string
	}{
		"manifest": {func(t *testing.T, ref name.Reference, rt http.RoundTripper) error {
			_, err := remote.Get(ref, remote.WithContext(t.Context()), remote.WithTransport(rt))
			return err
		}, "{},"},
		"tags": {func(t *testing.T, ref name.Reference, rt http.RoundTripper) error {
			r := New(ref.Context(), nil)
			r.inner = rt
			_, err := r.Tags(t.Context())
			return err
		}, `"a",`},
		"blob": {func(t *testing.T, ref name.Reference, rt http.RoundTripper) error {
			layer, err := remote.Layer(ref.Context().Digest(digest), remote.WithContext(t.Context()), remote.WithTransport(rt))
			if err != nil {
				return err
			}
			r, err := layer.Compressed()
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = io.Copy(io.Discard, r)
			return err
		}, "0"},
	}
	for what, tt := range ask {
		for _, redirects := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, redirected %t", what, redirects), func(t *testing.T) {
				var sent int64
				ref := hostile(t, func(w http.ResponseWriter, r *http.Request) {
					if redirects && !strings.HasPrefix(r.URL.Path, "/v2/elsewhere/blobs/") {
						http.Redirect(w, r, "/v2/elsewhere/blobs/"+digest, http.StatusTemporaryRedirect)
						return
					}
					if r.Method == http.MethodHead {
						w.Header().Set("Content-Length", fmt.Sprint(1<<40))
						return
					}
					w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
					_, _ = io.WriteString(w, map[string]string{"manifest": `{"layers":[`, "tags": `{"tags":[`}[what])
					sent = endless(w, tt.text)
				})
				limit := int64(MaxSmall)
				if what == "blob" {
					limit = 24 << 20
				}
				err := tt.ask(t, ref, Guard(ref.Context().Registry, newTransport(), 24<<20))
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("answers with more than %d bytes", limit)) {
					t.Errorf("it says %v", err)
				}
				if sent > limit+16<<20 { // buffers of both ends
					t.Errorf("the server could send %d bytes", sent)
				}
			})
		}
	}
}

// TestEndlessTags checks that a list of tags ends, and stays in the list that was asked for.
func TestEndlessTags(t *testing.T) {
	for what, tt := range map[string]struct{ link, want string }{
		"the same page": {"</v2/app/tags/list?last=a>; rel=next", "on more than 1000 pages, expected fewer"},
		"a blob":        {"</v2/app/blobs/sha256:" + strings.Repeat("a", 64) + ">; rel=next", "the next page of the list is at http://127.0.0.1:"},
		"another host":  {"<http://192.0.2.1/v2/app/tags/list>; rel=next", "the next page of the list is at http://192.0.2.1:80/v2/app/tags/list, expected http://127.0.0.1:"},
		"no address":    {"next", "expected it between < and >"},
	} {
		ref := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", tt.link)
			_, _ = io.WriteString(w, `{"tags":["a"]}`)
		})
		if _, err := New(ref.Context(), nil).Tags(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestTags reads a list of several pages, and that of a repository that does not exist.
func TestTags(t *testing.T) {
	ref := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("last") == "" {
			w.Header().Set("Link", `</v2/app/tags/list?last=b>; rel="next"`)
			_, _ = io.WriteString(w, `{"name":"app","tags":["a","b"]}`)
			return
		}
		_, _ = io.WriteString(w, `{"name":"app","tags":["c"]}`)
	})
	if got, err := New(ref.Context(), nil).Tags(t.Context()); err != nil || strings.Join(got, " ") != "a b c" {
		t.Errorf("tags %q, %v", got, err)
	}
	none := hostile(t, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	if got, err := New(none.Context(), nil).Tags(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("tags %q, %v", got, err)
	}
}
