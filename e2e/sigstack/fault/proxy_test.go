package fault

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const whole = "the whole answer"

// start returns a proxy in front of a server that answers whole, and how often
// that server was asked.
func start(t *testing.T) (*Proxy, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, whole)
	}))
	t.Cleanup(server.Close)
	p, err := NewProxy(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, &asked
}

// get asks p for path, on a connection of its own: a client repeats a GET by
// itself when a connection that it used before breaks.
func get(t *testing.T, p *Proxy, path string) (status int, header http.Header, body string, err error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
	answer, err := client.Get(p.URL + path)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, string(raw), err
}

func inject(t *testing.T, p *Proxy, f Fault) {
	t.Helper()
	if err := p.Inject(f); err != nil {
		t.Fatal(err)
	}
}

func TestProxyKinds(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  Fault
		status int    // 0: no answer
		body   string // all that came
		fails  bool
		asked  int32 // whether the server saw it
	}{
		{"refuse", Fault{Kind: Refuse, Status: 409, Body: "exists"}, 409, "exists", false, 0},
		{"429", Status(429, 0), 429, "", false, 0},
		{"drop", Fault{Kind: Drop}, 0, "", true, 0},
		{"lose", Fault{Kind: Lose}, 0, "", true, 1},
		{"truncate", Fault{Kind: Truncate}, 200, whole[:len(whole)/2], true, 1},
		{"hold", Fault{Kind: Hold}, 0, "", true, 1},
		{"stall", Fault{Kind: Stall}, 0, "", true, 0},
		{"other path", Fault{Kind: Drop, Path: "/b"}, 200, whole, false, 1},
		{"other method", Fault{Kind: Drop, Method: "POST"}, 200, whole, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, asked := start(t)
			inject(t, p, c.fault)
			status, header, body, err := get(t, p, "/a")
			if status != c.status || body != c.body || (err != nil) != c.fails {
				t.Errorf("got %d %q, %v; expected %d %q, failure %t", status, body, err, c.status, c.body, c.fails)
			}
			if asked.Load() != c.asked {
				t.Errorf("the server was asked %d times, expected %d", asked.Load(), c.asked)
			}
			if status == 429 && header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q, expected 1", header.Get("Retry-After"))
			}
			if rs := p.Requests(); len(rs) != 1 || rs[0].Path != "/a" || rs[0].Status != c.status {
				t.Errorf("noted %+v, expected one request for /a with status %d", rs, c.status)
			}
		})
	}
}

func TestProxyTimesAndOrder(t *testing.T) {
	p, _ := start(t)
	inject(t, p, Status(502, 2))
	inject(t, p, Status(503, 1))
	var got []int
	for range 4 {
		status, _, _, err := get(t, p, "/")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if want := []int{502, 502, 503, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, expected %v", got, want)
	}
}

// TestProxyStages: who watches sees each request come, be handled and be answered,
// and holds it where he likes.
func TestProxyStages(t *testing.T) {
	p, asked := start(t)
	events := make(chan string, 10)
	p.OnRequest(func(e Event) {
		event := fmt.Sprint(e.Stage, " ", e.Path, " ", e.Status)
		if e.Stage != Answered { // /b may have come before it is noted that /a is answered
			event += fmt.Sprint(" ", asked.Load())
		}
		events <- event
	})
	for _, path := range []string{"/a", "/b"} {
		inject(t, p, Fault{Kind: Lose, Path: "/b"})
		if _, _, body, err := get(t, p, path); (err != nil) != (path == "/b") || err == nil && body != whole {
			t.Errorf("%s: %q, %v", path, body, err)
		}
	}
	seen := map[string]bool{}
	for range 5 {
		seen[<-events] = true
	}
	for _, want := range []string{"received /a 0 0", "handled /a 0 1", "answered /a 200", "received /b 0 1", "handled /b 0 2"} {
		if !seen[want] {
			t.Errorf("saw %v, expected %q", seen, want)
		}
	}
}

// TestProxyContinue: an upload whose client waits to be told to go on is handed on like
// any other, watched or held.
func TestProxyContinue(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body) // reading sends 100
	}))
	t.Cleanup(server.Close)
	p, err := NewProxy(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	stages := make(chan Stage, 10)
	p.OnRequest(func(e Event) { stages <- e.Stage })
	send := func() (string, error) {
		r, err := http.NewRequest(http.MethodPut, p.URL, strings.NewReader(whole))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Expect", "100-continue")
		client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Second}, Timeout: 2 * time.Second}
		answer, err := client.Do(r)
		if err != nil {
			return "", err
		}
		defer func() { _ = answer.Body.Close() }()
		raw, err := io.ReadAll(answer.Body)
		return string(raw), err
	}
	if body, err := send(); body != whole || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	for _, want := range []Stage{Received, Handled, Answered} {
		if got := <-stages; got != want {
			t.Errorf("it was %s, expected %s", got, want)
		}
	}
	inject(t, p, Fault{Kind: Hold})
	if body, err := send(); err == nil {
		t.Errorf("a held upload was answered %q", body)
	}
	if first, second := <-stages, <-stages; first != Received || second != Handled {
		t.Errorf("a held upload was %s and %s", first, second)
	}
}

// TestProxyAim: it can be put in front of another server.
func TestProxyAim(t *testing.T) {
	p, first := start(t)
	other, second := start(t)
	if err := p.Aim(other.URL); err != nil {
		t.Fatal(err)
	}
	if _, _, body, err := get(t, p, "/"); err != nil || body != whole || first.Load() != 0 || second.Load() != 1 {
		t.Errorf("%q, %v; the first server was asked %d times, the second %d", body, err, first.Load(), second.Load())
	}
}

func TestProxyForEverUntilClear(t *testing.T) {
	p, asked := start(t)
	inject(t, p, Status(502, 0))
	for range 3 {
		if status, _, _, _ := get(t, p, "/"); status != 502 {
			t.Fatalf("got %d, expected 502", status)
		}
	}
	p.Clear()
	if status, _, body, _ := get(t, p, "/"); status != 200 || body != whole || asked.Load() != 1 {
		t.Errorf("got %d %q, asked %d times; expected the server's answer after Clear", status, body, asked.Load())
	}
}

func TestProxyStallEndsWithClear(t *testing.T) {
	p, _ := start(t)
	inject(t, p, Fault{Kind: Stall})
	done := make(chan error)
	go func() {
		_, _, _, err := get(t, p, "/")
		done <- err
	}()
	for p.Count("/") == 0 {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("answered: %v; expected it to wait", err)
	case <-time.After(50 * time.Millisecond):
	}
	p.Clear()
	var timeout interface{ Timeout() bool }
	if err := <-done; err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("got %v, expected a lost connection", err)
	}
}

func TestProxyDelay(t *testing.T) {
	p, _ := start(t)
	p.Delay(120 * time.Millisecond)
	began := time.Now()
	if status, _, _, err := get(t, p, "/"); status != 200 || err != nil {
		t.Fatalf("got %d, %v", status, err)
	}
	if took := time.Since(began); took < 120*time.Millisecond {
		t.Errorf("answered after %s, expected 120ms or more", took)
	}
}

func TestProxyCounts(t *testing.T) {
	p, _ := start(t)
	for _, path := range []string{"/api/v1/log", "/api/v1/log/entries", "/api/v2/x"} {
		if _, _, _, err := get(t, p, path); err != nil {
			t.Fatal(err)
		}
	}
	if all, log := p.Count(""), p.Count("/api/v1/log"); all != 3 || log != 2 {
		t.Errorf("counted %d, and %d on the log; expected 3 and 2", all, log)
	}
	p.Reset()
	if n := p.Count(""); n != 0 {
		t.Errorf("counted %d after Reset", n)
	}
}

func TestProxyRefusesFaults(t *testing.T) {
	p, _ := start(t)
	for want, f := range map[string]Fault{
		"unknown kind":       {Kind: "explode"},
		"expected 1 or more": {Kind: Drop, Times: -1},
		"status 0":           {Kind: Refuse},
		"only \"refuse\"":    {Kind: Drop, Status: 502},
	} {
		if err := p.Inject(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("injecting %+v: got %v, expected %q", f, err, want)
		}
	}
}

// TestProxySkip holds that a fault lets its first requests pass, and meets another
// fault or none.
func TestProxySkip(t *testing.T) {
	p, asked := start(t)
	inject(t, p, Fault{Kind: Refuse, Status: 409, Path: "/a", Skip: 2, Times: 1})
	inject(t, p, Fault{Kind: Refuse, Status: 502, Path: "/a", Times: 1})
	var got []int
	for _, path := range []string{"/a", "/b", "/a", "/a", "/a"} {
		status, _, _, err := get(t, p, path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if want := []int{502, 200, 200, 409, 200}; !slices.Equal(got, want) || asked.Load() != 3 {
		t.Errorf("answers %v, %d of the server, want %v", got, asked.Load(), want)
	}
}
