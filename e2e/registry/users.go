package registry

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Token returns a user's token, which is the same for every call. It creates the user if
// necessary. "admin" exists from the start and may do anything to every crate; other users
// own the crates they publish first. The server has no teams, but accepts any string as a
// user name: after Token("github:org:team") it accepts that as an owner, like crates.io
// accepts a team.
func (s *Server) Token(user string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token, ok := s.tokens[user]; ok {
		return token, nil
	}
	token, err := s.newUser(user)
	if err != nil {
		return "", fmt.Errorf("making user %q: %w", user, err)
	}
	s.tokens[user] = token
	return token, nil
}

// newUser creates a user and a token. Creating a token requires the user's session.
func (s *Server) newUser(name string) (token string, err error) {
	password := rand.Text()
	user := map[string]string{"name": name, "pwd1": password, "pwd2": password}
	if err := s.ask(s.admin, http.MethodPost, "/api/v1/users", user, nil); err != nil {
		return "", err
	}
	session := newClient()
	defer session.CloseIdleConnections()
	if err := s.login(session, name, password); err != nil {
		return "", err
	}
	var made struct{ Token string }
	if err := s.ask(session, http.MethodPost, "/api/v1/users/me/tokens", map[string]string{"name": "e2e"}, &made); err != nil {
		return "", err
	}
	return made.Token, nil
}

// login gives client a session of user. It returns an error for a response of anything but
// the registry.
func (s *Server) login(client *http.Client, user, password string) error {
	var state struct {
		User string
		In   bool `json:"is_logged_in"`
	}
	if err := s.ask(client, http.MethodPost, "/api/v1/auth/login", map[string]string{"user": user, "pwd": password}, &state); err != nil {
		return err
	}
	if state.User != user || !state.In {
		return fmt.Errorf("logging in: got %+v, expected that user %q is in", state, user)
	}
	return nil
}

// Owners returns the sorted names of a crate's owners, nil for an unknown crate.
func (s *Server) Owners(crate string) ([]string, error) {
	var list struct{ Users []struct{ Login string } }
	if err := s.ask(s.admin, http.MethodGet, "/api/v1/crates/"+url.PathEscape(crate)+"/owners", nil, &list); err != nil {
		return nil, fmt.Errorf("listing the owners of crate %q: %w", crate, err)
	}
	var names []string
	for _, u := range list.Users {
		names = append(names, u.Login)
	}
	slices.Sort(names)
	return names, nil
}
