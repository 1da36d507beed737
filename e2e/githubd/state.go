package githubd

// Releases returns the numbers of drafts and published releases of a tag. It does not count
// as a request.
func (s *Server) Releases(tag string) (drafts, published int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.releases {
		switch {
		case r.tag != tag:
		case r.draft:
			drafts++
		default:
			published++
		}
	}
	return drafts, published
}

// Body returns the notes of the newest release or draft of a tag. It does not count as a
// request.
func (s *Server) Body(tag string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := ""
	for _, r := range s.releases {
		if r.tag == tag && r.body != nil {
			body = *r.body
		}
	}
	return body
}
