package repository

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// front is a proxy before a registry that runs in the test.
type front struct {
	next http.Handler
	// meet reports whether it has answered the request itself.
	meet func(http.ResponseWriter, *http.Request) bool

	mu     sync.Mutex
	pieces []string // Content-Range of each PATCH that was forwarded
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.meet != nil && f.meet(w, r) {
		return
	}
	if r.Method == http.MethodPatch {
		f.mu.Lock()
		f.pieces = append(f.pieces, r.Header.Get("Content-Range"))
		f.mu.Unlock()
	}
	f.next.ServeHTTP(w, r)
}

func start(t *testing.T, f *front) *Repository {
	t.Helper()
	f.next = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	repo, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/demo")
	if err != nil {
		t.Fatal(err)
	}
	return New(repo, nil)
}

func layer(size int) v1.Layer {
	return static.NewLayer(bytes.Repeat([]byte("x"), size), types.OCILayer)
}

// TestChunks checks that chunks shrink until they are accepted, that only the last one is below
// the registry's minimum, and that the blob arrives.
func TestChunks(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name   string
		status int
		takes  int64  // the largest chunk accepted
		least  string // OCI-Chunk-Min-Length
		want   []string
	}{
		{"all at once", 0, 100 * mib, "", []string{""}},
		{"the half", 413, 3 * mib, "", []string{"0-2621439", "2621440-5242879"}},
		{"the least of the registry", 416, 3*mib + 1, "3145729", []string{"0-3145728", "3145729-5242879"}},
		{"nonsense as the least", 416, 3 * mib, "-1", []string{"0-2621439", "2621440-5242879"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &front{}
			f.meet = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost && tt.least != "" {
					w.Header().Set("OCI-Chunk-Min-Length", tt.least)
				}
				if r.Method != http.MethodPatch || r.ContentLength <= tt.takes {
					return false
				}
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(tt.status)
				return true
			}
			r, l := start(t, f), layer(5*mib)
			if err := r.upload(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.pieces, tt.want) {
				t.Errorf("the pieces are %q, want %q", f.pieces, tt.want)
			}
			wantBlob(t, r, l)
		})
	}
}

func wantBlob(t *testing.T, r *Repository, want v1.Layer) {
	t.Helper()
	h, err := want.Digest()
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Layer(r.name.Digest(h.String()))
	if err != nil {
		t.Fatal(err)
	}
	rc, err := got.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if n, err := io.Copy(io.Discard, rc); err != nil || n != 5<<20 { // reading verifies the digest
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// TestStalled checks that an upload fails if the registry stops reading a blob or does not
// respond to it.
func TestStalled(t *testing.T) {
	for _, takes := range []bool{false, true} {
		t.Run(map[bool]string{false: "it takes nothing", true: "it does not answer"}[takes], func(t *testing.T) {
			done := make(chan struct{})
			f := &front{meet: func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPatch {
					return false
				}
				if takes {
					_, _ = io.Copy(io.Discard, r.Body)
				}
				select {
				case <-done:
				case <-r.Context().Done():
				}
				panic(http.ErrAbortHandler)
			}}
			r := start(t, f)
			defer close(done)
			r.inner = later{rewound{small: r.inner, large: newLarge(200*time.Millisecond, 200*time.Millisecond)}}
			begin := time.Now()
			err := r.upload(t.Context(), layer(32<<20))
			if _, retryable := Transient(err); !retryable || time.Since(begin) > 20*time.Second {
				t.Errorf("after %s: %v", time.Since(begin), err)
			}
			if err != nil && strings.Contains(err.Error(), "?") {
				t.Errorf("the error shows the query of an upload: %v", err)
			}
		})
	}
}

// TestEmptyBlob checks that an empty blob is uploaded without a chunk.
func TestEmptyBlob(t *testing.T) {
	f := &front{}
	if err := start(t, f).upload(t.Context(), layer(0)); err != nil || len(f.pieces) != 0 {
		t.Errorf("%v, %d pieces", err, len(f.pieces))
	}
}

// TestExpired checks that a token that expires during an upload does not fail the attempt: the
// body is sent again from the start.
func TestExpired(t *testing.T) {
	const good = "Bearer 2"
	var tokens int
	var at string
	f := &front{meet: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			tokens++
			fmt.Fprintf(w, `{"token":"%d"}`, tokens)
			return true
		}
		if auth := r.Header.Get("Authorization"); r.URL.Path == "/v2/" || r.Method == http.MethodPatch && auth != good {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+at+`/token",service="demo",scope="repository:demo:push,pull"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}}
	r := start(t, f)
	at = "http://" + r.name.RegistryStr()
	l := layer(5 << 20)
	if err := r.upload(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if tokens != 2 || len(f.pieces) != 1 {
		t.Errorf("%d tokens, %d pieces; expected 2 and 1", tokens, len(f.pieces))
	}
}

func TestDowngrade(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://registry.invalid/upload")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&session{client: s.Client()}).do(req, http.StatusAccepted); err == nil || !strings.Contains(err.Error(), "expected https") {
		t.Errorf("the error is %v", err)
	}
}
