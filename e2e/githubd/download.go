package githubd

import (
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// stored returns the URL of an asset's content. The URL itself is the permission to
// download it.
func (s *Server) stored(a *asset) string {
	return s.announced.Storage + "/" + number(s.id) + "/" + number(a.id) + "?sig=" + a.secret
}

// browse handles browser_download_url: it redirects to the content if the release is
// published and the repository public. A token makes no difference.
func (s *Server) browse(w http.ResponseWriter, r *http.Request) {
	entry := &Request{Time: time.Now(), Operation: "download", Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	s.journal.note(entry)
	s.mu.Lock()
	location := ""
	if a := s.downloadable(r.URL.EscapedPath()); a != nil && !s.private {
		a.downloads++
		location = s.stored(a)
	}
	s.mu.Unlock()
	status := http.StatusNotFound
	if location != "" {
		status = http.StatusFound
		w.Header().Set("Location", location)
	}
	s.journal.set(func() { entry.Status = status })
	w.WriteHeader(status)
}

// downloadable returns the asset of a published release at the path
// /OWNER/REPO/releases/download/TAG/NAME, or nil. Slashes in the tag may be escaped.
func (s *Server) downloadable(path string) *asset {
	rest, ok := strings.CutPrefix(path, "/"+s.owner+"/"+s.repo+"/releases/download/")
	last := strings.LastIndex(rest, "/")
	if !ok || last < 0 {
		return nil
	}
	tag, err := url.PathUnescape(rest[:last])
	name, err2 := url.PathUnescape(rest[last+1:])
	if err != nil || err2 != nil {
		return nil
	}
	if r := s.publishedAs(tag); r != nil {
		if a := r.named(name); a != nil && a.state == uploaded {
			return a
		}
	}
	return nil
}

// download serves the content of assets. The storage does not belong to GitHub: it must not
// get tokens, and refuses requests with one.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	entry := &Request{Time: time.Now(), Operation: "download", Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	s.journal.note(entry)
	status := &statusWriter{ResponseWriter: w}
	s.content(status, r)
	s.journal.set(func() { entry.Status = status.status })
}

func (s *Server) content(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		s.journal.violate("request %s %s: the storage was sent an Authorization header; expected none on another host", r.Method, r.URL.Path)
		http.Error(w, "Only one auth mechanism allowed", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	a := s.signed(r)
	s.mu.Unlock()
	if a == nil {
		http.NotFound(w, r)
		return
	}
	f, err := os.Open(s.file(a))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = f.Close() }()
	w.Header().Set("Content-Type", a.mediaType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.name}))
	http.ServeContent(w, r, "", a.updated, f)
}

// signed returns the asset at a path of the storage if its signature is valid, or nil.
func (s *Server) signed(r *http.Request) *asset {
	_, last, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	id, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return nil
	}
	for _, l := range s.releases {
		for _, a := range l.assets {
			if a.id == id && a.secret == r.URL.Query().Get("sig") {
				copied := *a
				return &copied
			}
		}
	}
	return nil
}

// statusWriter records the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
