package githubd

import (
	"net/http"
	"strings"
)

// Addresses are where clients reach the server's listeners, without a slash at
// the end.
type Addresses struct {
	// URL is that of Server.URL, Upload that of Server.UploadURL, Storage that of
	// downloads. A client must see another host name in Storage than in URL, or it
	// may send its token there, as it never would to GitHub's.
	URL, Upload, Storage string
}

// APIURL is the base of the API as GitHub itself has it, with a slash at the end.
// For a client of an enterprise server, give URL as base and as upload URL.
func (s *Server) APIURL() string { return s.addresses().URL + "/" }

// UploadURL is the base of uploads that belongs to APIURL.
func (s *Server) UploadURL() string { return s.addresses().Upload + "/" }

// Announce has answers name other addresses than the server's own: those of
// proxies in front of it. What is empty stays the server's own.
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

// front tells apart what shares the main listener.
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
