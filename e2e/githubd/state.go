package githubd

// Releases counts the drafts and the published releases of a tag. It is no request.
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

// Body is the notes of the newest release of a tag, draft or not. It is no request.
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
