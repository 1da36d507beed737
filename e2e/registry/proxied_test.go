package registry

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/sigstack/fault"
)

// put publishes content as a crate through the proxy, like a client that does not check the
// index first. It uses a user's token, or an invalid one if user is "". It returns the
// response's status and body.
func put(t *testing.T, s *Server, user, crate, version, content string) string {
	t.Helper()
	token := "of-nobody"
	if user != "" {
		var err error
		token, err = s.Token(user)
		check(t, err)
	}
	none := []string{}
	about, err := json.Marshal(map[string]any{
		"name": crate, "vers": version, "deps": none, "features": map[string]any{},
		"authors": none, "keywords": none, "categories": none, "badges": map[string]any{},
	})
	check(t, err)
	var body bytes.Buffer
	for _, part := range [][]byte{about, []byte(content)} {
		check(t, binary.Write(&body, binary.LittleEndian, uint32(len(part))))
		body.Write(part)
	}
	r, err := http.NewRequest(http.MethodPut, s.URL+"/api/v1/crates/new", &body)
	check(t, err)
	r.Header.Set("Authorization", token)
	resp, err := newClient().Do(r)
	check(t, err)
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	check(t, err)
	return fmt.Sprintf("%d %s", resp.StatusCode, said)
}

// TestRegistryProxied checks that all of cargo's requests go through the proxy.
func TestRegistryProxied(t *testing.T) {
	s := start(t, Options{})
	packaged(t, s, "alice", "hello-lib", "0.1.0", "").must(t, upload...)
	consumer(t, s).must(t, "check")
	var asked []string
	for _, r := range s.Proxy.Requests() {
		if call := fmt.Sprint(r.Method, " ", r.Path, " ", r.Status); !slices.Contains(asked, call) {
			asked = append(asked, call)
		}
	}
	want := []string{
		"GET /api/v1/crates/config.json 200",
		"GET /api/v1/crates/he/ll/hello-lib 404",
		"PUT /api/v1/crates/new 200",
		"GET /api/v1/crates/he/ll/hello-lib 200",
		"GET /api/v1/crates/dl/hello-lib/0.1.0/download 200",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked\n%s\nexpected\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
	if n := Changes(s.Proxy.Requests()); n != 1 {
		t.Errorf("%d requests for a change, expected the upload alone", n)
	}
}

// TestRegistryFaults checks the effect of the proxy's faults on an upload.
func TestRegistryFaults(t *testing.T) {
	upload503 := fault.Status(503, 0)
	upload503.Method = http.MethodPut
	for name, c := range map[string]struct {
		fault     fault.Fault
		words     string
		published []string
	}{
		"refused": {upload503, "503", nil},
		"dropped": {fault.Fault{Kind: fault.Drop, Method: http.MethodPut}, "Empty reply", nil},
		"lost":    {fault.Fault{Kind: fault.Lose, Method: http.MethodPut}, "Empty reply", []string{"0.1.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{})
			inject(t, s, c.fault)
			packaged(t, s, "alice", "hello-lib", "0.1.0", "").refused(t, c.words, upload...)
			wantVersions(t, s, "hello-lib", c.published...)
		})
	}
}

// TestRegistryIndexLags checks that cargo waits if the index temporarily lacks a published
// version.
func TestRegistryIndexLags(t *testing.T) {
	s := start(t, Options{})
	inject(t, s, fault.Fault{Kind: fault.Refuse, Status: 404, Path: "/api/v1/crates/he/ll/hello-lib", Times: 3})
	packaged(t, s, "alice", "hello-lib", "0.1.0", "").must(t, upload...)
	if n := s.Proxy.Count("/api/v1/crates/he/ll/hello-lib"); n != 4 {
		t.Errorf("cargo asked the index %d times, expected 4", n)
	}
}

func TestRegistryChanges(t *testing.T) {
	var requests []fault.Request
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH"} {
		requests = append(requests, fault.Request{Method: method, Status: 500})
	}
	if n := Changes(requests); n != 4 {
		t.Errorf("counted %d requests for a change, expected 4", n)
	}
	if n := Changes(nil); n != 0 {
		t.Errorf("counted %d of none", n)
	}
}
