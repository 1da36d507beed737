package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dagger/slipway/e2e/sigstack/fault"
)

// Version is an entry of the index.
type Version struct {
	Version  string `json:"vers"`
	Checksum string `json:"cksum"` // SHA-256 of the .crate file in hexadecimal
	Yanked   bool   `json:"yanked"`
}

// Versions returns the versions of a crate in the index, nil for an unknown crate.
func (s *Server) Versions(crate string) ([]Version, error) {
	var index []byte
	err := s.ask(s.admin, http.MethodGet, "/api/v1/crates/"+indexPath(crate), nil, &index)
	if a := (answer{}); errors.As(err, &a) && a.status == http.StatusNotFound {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading the index of crate %q: %w", crate, err)
	}
	var versions []Version
	for d := json.NewDecoder(bytes.NewReader(index)); d.More(); {
		var v Version
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("reading the index of crate %q: %w", crate, err)
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// Yank yanks a version of a crate, as "admin".
func (s *Server) Yank(crate, version string) error {
	if err := s.ask(s.admin, http.MethodDelete, "/api/v1/crates/"+url.PathEscape(crate)+"/"+url.PathEscape(version)+"/yank", nil, nil); err != nil {
		return fmt.Errorf("yanking crate %q, version %q: %w", crate, version, err)
	}
	return nil
}

// Download returns the .crate file of a version. An unknown version is an error.
func (s *Server) Download(crate, version string) ([]byte, error) {
	var file []byte
	if err := s.ask(s.admin, http.MethodGet, "/api/v1/crates/dl/"+url.PathEscape(crate)+"/"+url.PathEscape(version)+"/download", nil, &file); err != nil {
		return nil, fmt.Errorf("downloading crate %q, version %q: %w", crate, version, err)
	}
	return file, nil
}

// Changes returns how many of the requests ask for a change, whatever the result. For a run
// that only reads it is 0.
func Changes(requests []fault.Request) int {
	n := 0
	for _, r := range requests {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
		default:
			n++
		}
	}
	return n
}

// indexPath returns the path of a crate in the index, by cargo's rule.
func indexPath(crate string) string {
	crate = url.PathEscape(strings.ToLower(crate))
	switch len(crate) {
	case 0, 1, 2:
		return fmt.Sprintf("%d/%s", len(crate), crate)
	case 3:
		return "3/" + crate[:1] + "/" + crate
	}
	return crate[:2] + "/" + crate[2:4] + "/" + crate
}
