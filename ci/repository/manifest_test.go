package repository

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// TestHugeManifest checks that a manifest above the size limit is not read.
func TestHugeManifest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		piece := []byte(strings.Repeat("{},", 1<<20))
		_, _ = w.Write([]byte(`{"layers":[`))
		for range 8 {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
		_, _ = w.Write([]byte(`{}]}`))
	}))
	defer server.Close()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://")+"/app:1", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(ref.Context(), nil).Get(t.Context(), ref)
	if err == nil || !strings.Contains(err.Error(), "answers with more than 8388608 bytes") {
		t.Errorf("it says %v", err)
	}
}
