package githubd

import (
	"net/http"
	"strings"
)

// Addresses are the URLs by which clients reach the server's listeners, without a trailing
// slash.
type Addresses struct {
	// URL is the one of Server.URL, Upload of Server.UploadURL, Storage of downloads. Storage
	// must have another host name than URL; otherwise a client may send its token there, which
	// it would never do with GitHub's storage.
	URL, Upload, Storage string
}

// APIURL returns the base URL of the API in the style of github.com, with a trailing slash.
// For a client of an enterprise server, use URL as base and upload URL.
func (s *Server) APIURL() string { return s.addresses().URL + "/" }

// UploadURL returns the base URL of uploads that belongs to APIURL.
func (s *Server) UploadURL() string { return s.addresses().Upload + "/" }

// Announce makes responses use other addresses, those of proxies in front of the server.
// Empty ones stay the server's own.
func (s *Server) Announce(a Addresses) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := func(address *string, listener string) {
		if *address == "" {
			*address = listener
		}
		*address = strings.TrimSuffix(*address, "/")
	}
	own(&a.URL, s.URL)
	own(&a.Upload, s.upload)
	own(&a.Storage, s.storage)
	s.announced = a
}

func (s *Server) addresses() Addresses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.announced
}

// front routes requests on the main listener.
func (s *Server) front() http.Handler {
	root, enterprise, uploads := s.api("", false), s.api("/api/v3", false), s.api("/api/uploads", true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v3/"):
			enterprise.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/uploads/"):
			uploads.ServeHTTP(w, r)
		case strings.Contains(r.URL.Path, "/releases/download/") && first != "repos":
			s.browse(w, r)
		default:
			root.ServeHTTP(w, r)
		}
	})
}
