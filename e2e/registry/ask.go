package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// answer is a response with a status other than 200.
type answer struct {
	method, path string
	status       int
	body         string
}

func (a answer) Error() string {
	return fmt.Sprintf("%s %q answered %d: %s", a.method, a.path, a.status, a.body)
}

// ask sends a request directly to the server, not through its proxy, with message as JSON
// unless that is nil. The response is decoded as JSON into what reply points to, or stored
// unchanged in a *[]byte.
func (s *Server) ask(client *http.Client, method, path string, message, reply any) error {
	var body io.Reader
	if message != nil {
		raw, err := json.Marshal(message)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		// After the server has ended, another process may have its port.
		select {
		case <-s.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	r, err := http.NewRequestWithContext(ctx, method, s.origin+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	// The rest of the API requires a session, yanking requires a token.
	if client == s.admin {
		r.Header.Set("Authorization", s.token)
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer to %s %q: %w", method, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return answer{method, path, resp.StatusCode, string(raw)}
	}
	switch reply := reply.(type) {
	case nil:
		return nil
	case *[]byte:
		*reply = raw
		return nil
	}
	if err := json.Unmarshal(raw, reply); err != nil {
		return fmt.Errorf("reading the answer to %s %q: %w", method, path, err)
	}
	return nil
}
