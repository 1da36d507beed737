package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http/httpproxy"

	"dagger/slipway/ci/step"
)

// opened serves a gateway on this machine's loopback device, and returns a client that uses it.
func opened(t *testing.T, g *gateway) *http.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go g.serve(ctx, l)
	proxy := &url.URL{Scheme: "http", Host: l.Addr().String()}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func got(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	r, err := c.Get(address)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return r.Status + " " + string(text)
}

func direct(*url.URL) (*url.URL, error) { return nil, nil }

// TestGateway checks that requests with and without TLS reach a server that the caller has named,
// and no other server of this machine.
func TestGateway(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello "+r.URL.Path) })
	plain, secure := httptest.NewServer(hello), httptest.NewTLSServer(hello)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	var told []string
	g := &gateway{via: direct, tell: func(what string) { told = append(told, what) }}
	c := opened(t, g)
	for _, address := range []string{plain.URL, secure.URL} {
		if text := got(t, c, address+"/x"); !strings.Contains(text, "Forbidden") {
			t.Errorf("%s: %q", address, text)
		}
	}
	if len(told) != 2 || !strings.Contains(told[0], "an address of this machine") {
		t.Errorf("it tells %q", told)
	}
	g.named = namedServers([]string{"CARGO_REGISTRIES_A_INDEX=sparse+" + plain.URL + "/index/", "CARGO_REGISTRIES_B_INDEX=" + secure.URL, "OTHER_INDEX=http://127.0.0.1:1"})
	if len(g.named) != 2 {
		t.Errorf("named are %v", g.named)
	}
	for _, address := range []string{plain.URL, secure.URL} {
		if text := got(t, c, address+"/x"); text != "200 OK hello /x" {
			t.Errorf("%s: %q", address, text)
		}
	}
}

// TestGatewayUpstream checks that the machine's proxy is used with its credentials.
func TestGatewayUpstream(t *testing.T) {
	var asked []string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
		http.Error(w, "no", http.StatusTeapot)
	}))
	t.Cleanup(upstream.Close)
	proxy, err := url.Parse(strings.Replace(upstream.URL, "http://", "http://ci:s3cret@", 1))
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{tell: func(string) {}, via: func(*url.URL) (*url.URL, error) { return proxy, nil }}
	c := opened(t, g)
	if text := got(t, c, "https://registry.example.org/"); !strings.Contains(text, "Bad Gateway") {
		t.Errorf("it says %q", text)
	}
	if text := got(t, c, "http://registry.example.org/"); !strings.Contains(text, "418") {
		t.Errorf("it says %q", text)
	}
	const basic = "Basic Y2k6czNjcmV0"
	if want := []string{"CONNECT registry.example.org:443 " + basic, "GET registry.example.org " + basic}; strings.Join(asked, ", ") != strings.Join(want, ", ") {
		t.Errorf("the proxy was asked %q, expected %q", asked, want)
	}
}

// TestGatewayHostileUpstream checks that a proxy of the machine, which may be on it, is asked for
// nothing that the gateway itself would refuse, and for nothing that shows the step its password.
func TestGatewayHostileUpstream(t *testing.T) {
	var asked []string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI)
		_ = r.Write(w)
	}))
	t.Cleanup(upstream.Close)
	proxy, err := url.Parse(strings.Replace(upstream.URL, "http://", "http://ci:s3cret@", 1))
	if err != nil {
		t.Fatal(err)
	}
	config := httpproxy.Config{HTTPProxy: proxy.String(), HTTPSProxy: proxy.String()}
	gateway := &gateway{tell: func(string) {}, via: config.ProxyFunc()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go gateway.serve(t.Context(), l)
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	send := func(request string) string {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, request)
		answer, _ := io.ReadAll(c)
		return string(answer)
	}
	for _, host := range []string{
		"127.0.0.1", "0.0.0.0", "0", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "127.0.0.1.", "localhost", "LOCALHOST.", "a.localhost", own, strings.ToUpper(own) + ".",
		"[::]", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254", "168.63.129.16", "\uff11\uff12\uff17.0.0.1", "127。0。0。1",
	} {
		for _, request := range []string{"CONNECT %s:41990 HTTP/1.1\r\nHost: %[1]s\r\nConnection: close\r\n\r\n", "GET http://%s:41990/ HTTP/1.1\r\nHost: registry.example.org\r\nConnection: close\r\n\r\n"} {
			if answer := send(fmt.Sprintf(request, host)); !strings.HasPrefix(answer, "HTTP/1.1 4") {
				t.Errorf("%q: %.300q", fmt.Sprintf(request, host), answer)
			}
		}
	}
	for _, request := range []string{
		"TRACE http://registry.example.org/ HTTP/1.1\r\nHost: registry.example.org\r\nMax-Forwards: 0\r\nConnection: close\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET " + upstream.URL + "/manager HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /manager HTTP/1.1\r\nHost: " + proxy.Host + "\r\nConnection: close\r\n\r\n",
		"GET http://registry.example.org/ HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n",
	} {
		if answer := send(request); !strings.HasPrefix(answer, "HTTP/1.1 4") || strings.Contains(answer, "Y2k6czNjcmV0") {
			t.Errorf("%.100q: %.300q", request, answer)
		}
	}
	if len(asked) > 0 {
		t.Errorf("the proxy was asked %q", asked)
	}
}

// TestGatewayBounds checks how much of refusals is told, and that a step holds no more connections
// than it may.
func TestGatewayBounds(t *testing.T) {
	var told []string
	g := &gateway{via: direct, tell: func(what string) { told = append(told, what) }}
	c := opened(t, g)
	for range maxRefusals + 5 {
		if text := got(t, c, "http://127.0.0.1:1/"); !strings.Contains(text, "Forbidden") {
			t.Fatalf("it says %q", text)
		}
	}
	long := strings.Repeat("1", 10<<10)
	if text := got(t, c, "http://127.0.0.1:"+long+"/"); strings.HasPrefix(text, "200") {
		t.Errorf("it says %.200q", text)
	}
	if len(told) != maxRefusals || len(strings.Join(told, "")) > maxRefusals*500 {
		t.Errorf("%d refusals are told, %.300q", len(told), told)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go g.serve(t.Context(), l)
	answered := 0
	for range maxConnections + 10 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, _ := conn.Read(make([]byte, 12)); n > 0 {
			answered++
		}
	}
	if answered > maxConnections {
		t.Errorf("%d connections at a time are answered", answered)
	}
}

// TestCheckRemote checks every kind of address that leads back to this machine or its network link.
func TestCheckRemote(t *testing.T) {
	own := []net.Addr{&net.IPNet{IP: net.ParseIP("198.51.100.7"), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("2001:db8::7"), Mask: net.CIDRMask(64, 128)}}
	for _, address := range []string{
		"127.0.0.1:80", "127.8.9.10:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "0.0.0.0:80", "0.1.2.3:80", "[::]:80", "198.51.100.7:22", "[2001:db8::7]:22", "[::ffff:198.51.100.7]:22",
		"169.254.169.254:80", "[64:ff9b::7f00:1]:80", "168.63.129.16:80", "[fd20:ce::254]:80", "[fe80::1%eth0]:80", "224.0.0.1:80", "255.255.255.255:80", "[fd00:ec2::254]:80", "100.100.100.200:80", "[::ffff:169.254.169.254]:80",
	} {
		if err := checkRemote(netip.MustParseAddrPort(address).Addr(), own); err == nil {
			t.Errorf("%s is allowed", address)
		}
	}
	for _, address := range []string{"198.51.100.8:443", "203.0.113.80:443", "10.1.2.3:443", "[2001:db8::8]:443", "192.168.1.1:8080"} {
		if err := checkRemote(netip.MustParseAddrPort(address).Addr(), own); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestOnlyBwrap checks that a machine on which slipway cannot create a network namespace is
// refused, unless the caller accepts a step in the machine's own network.
func TestOnlyBwrap(t *testing.T) {
	needSandbox(t)
	own, leaves := ownProcesses, leavesRoot
	t.Cleanup(func() { ownProcesses, leavesRoot = own, leaves })
	no := func() bool { return false }
	ownProcesses, leavesRoot = no, no
	dir := t.TempDir()
	_, err := New(Options{Cache: dir, Source: dir})
	var lacks *SandboxError
	if !errors.As(err, &lacks) || !strings.Contains(lacks.Without, "network") || !strings.Contains(err.Error(), "--weaker-sandbox") {
		t.Fatalf("it is not refused: %v", err)
	}
	r, err := New(Options{Cache: dir, Source: dir, WeakerSandbox: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if !strings.Contains(r.Lacks(), "network") || r.unfiltered || isolated(step.Step{Network: true}) {
		t.Errorf("what is accepted is told as %q, unfiltered %t", r.Lacks(), r.unfiltered)
	}
}
