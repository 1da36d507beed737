package local

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// gateway is the only way from a step to the network: an HTTP proxy (RFC 9110, section 9.3.6)
// that connects to other machines, through the machine's own proxy if it has one, whose
// credentials the step never sees.
type gateway struct {
	// named are the servers, host:port, that the caller has named, which may be on this machine.
	named map[string]bool
	// tell is called with what was refused.
	tell func(string)
	// via returns the machine's proxy for an address, nil for none.
	via func(*url.URL) (*url.URL, error)
}

func newGateway(tell func(string)) *gateway {
	return &gateway{named: namedServers(os.Environ()), tell: tell, via: httpproxy.FromEnvironment().ProxyFunc()}
}

// namedServers returns the servers of the registries whose indexes the caller's environment names
// (CARGO_REGISTRIES_<NAME>_INDEX).
func namedServers(environ []string) map[string]bool {
	named := map[string]bool{}
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(key, "CARGO_REGISTRIES_") || !strings.HasSuffix(key, "_INDEX") {
			continue
		}
		if u, err := url.Parse(strings.TrimPrefix(value, "sparse+")); err == nil && u.Host != "" {
			named[target(u)] = true
		}
	}
	return named
}

// target returns the host and port of an address.
func target(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80"}[u.Scheme]
	}
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// gatewayVariables returns the variables by which programs find the gateway.
func gatewayVariables() []string {
	var env []string
	for _, key := range []string{"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "http_proxy", "https_proxy"} {
		env = append(env, key+"=http://"+gatewayAddress)
	}
	return env
}

// attach gives a command that is about to start a network of its own. The returned function, to be
// called when it has started, connects that with the gateway until ctx ends.
func (g *gateway) attach(ctx context.Context, cmd *exec.Cmd) (connect func(), err error) {
	listener, err := isolate(cmd)
	if err != nil {
		return nil, err
	}
	return func() {
		if l, err := listener(); err == nil { // otherwise the command has ended, and says why
			go g.serve(ctx, l)
		}
	}, nil
}

// serve answers a step until its listener is closed or ctx ends.
func (g *gateway) serve(ctx context.Context, l net.Listener) {
	server := &http.Server{Handler: g, ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return ctx }}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_ = server.Serve(l)
}

// ServeHTTP implements [http.Handler].
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		g.tunnel(w, r)
	case r.URL.IsAbs() && r.URL.Scheme == "http":
		forward := &httputil.ReverseProxy{
			Rewrite:      func(*httputil.ProxyRequest) {},
			Transport:    &http.Transport{Proxy: g.proxyOf, DialContext: g.dialHTTP, DisableKeepAlives: true},
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { g.fail(w, r.URL.Host, err) },
		}
		forward.ServeHTTP(w, r)
	default:
		http.Error(w, "slipway: expected a request to a proxy", http.StatusBadRequest)
	}
}

// tunnel connects a step with a server, and copies what either sends to the other.
func (g *gateway) tunnel(w http.ResponseWriter, r *http.Request) {
	to, err := g.connect(r.Context(), strings.ToLower(r.Host))
	if err != nil {
		g.fail(w, r.Host, err)
		return
	}
	defer func() { _ = to.Close() }()
	from, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		g.fail(w, r.Host, err)
		return
	}
	defer func() { _ = from.Close() }()
	stop := context.AfterFunc(r.Context(), func() { _ = from.SetDeadline(time.Now()); _ = to.SetDeadline(time.Now()) })
	defer stop()
	if _, err := io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.Copy(to, buffered)
		closeWrite(to)
	}()
	_, _ = io.Copy(from, to)
	closeWrite(from)
	<-sent
}

func closeWrite(c net.Conn) {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

// fail answers that a server cannot be reached, and tells the user if slipway refused it.
func (g *gateway) fail(w http.ResponseWriter, host string, err error) {
	status := http.StatusBadGateway
	var refused *refusedError
	if errors.As(err, &refused) {
		status = http.StatusForbidden
		g.tell(fmt.Sprintf("refused a connection to %s: %v", host, refused))
	}
	http.Error(w, "slipway: "+err.Error(), status)
}

// connect opens a connection to host:port, through the machine's proxy if there is one for it.
func (g *gateway) connect(ctx context.Context, address string) (net.Conn, error) {
	proxy, err := g.via(&url.URL{Scheme: "https", Host: address})
	switch {
	case err != nil:
		return nil, err
	case proxy == nil:
		return g.dial(ctx, address)
	case proxy.Scheme != "http":
		return nil, fmt.Errorf("reading the address of the proxy: expected http://, it is %s://", proxy.Scheme)
	}
	conn, err := (&net.Dialer{Timeout: time.Minute}).DialContext(ctx, "tcp", target(proxy))
	if err != nil {
		return nil, err
	}
	if err := askProxy(conn, proxy, address); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// askProxy asks the machine's proxy to connect to an address.
func askProxy(conn net.Conn, proxy *url.URL, address string) error {
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if u := proxy.User; u != nil {
		password, _ := u.Password()
		r.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := r.Write(conn); err != nil {
		return err
	}
	// The server speaks only after the step has: nothing behind the answer is buffered.
	answer, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(conn, 64<<10), 1), r)
	if err != nil {
		return fmt.Errorf("asking the proxy for %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the proxy for %s: it answers %q", address, answer.Status)
	}
	return nil
}

// proxyOf returns the machine's proxy for a request.
func (g *gateway) proxyOf(r *http.Request) (*url.URL, error) { return g.via(r.URL) }

// dialHTTP opens the connection for a request without TLS: to its server or, unguarded, to the
// machine's proxy.
func (g *gateway) dialHTTP(ctx context.Context, network, address string) (net.Conn, error) {
	for _, scheme := range []string{"http", "https"} {
		if proxy, err := g.via(&url.URL{Scheme: scheme, Host: "example.org"}); err == nil && proxy != nil && target(proxy) == strings.ToLower(address) {
			return (&net.Dialer{Timeout: time.Minute}).DialContext(ctx, network, address)
		}
	}
	return g.dial(ctx, strings.ToLower(address))
}

// dial connects to a server on another machine, or to one that the caller has named.
func (g *gateway) dial(ctx context.Context, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: time.Minute}
	if !g.named[address] {
		own, err := net.InterfaceAddrs()
		if err != nil {
			return nil, err
		}
		d.Control = func(_, resolved string, _ syscall.RawConn) error { return checkRemote(resolved, own) }
	}
	return d.DialContext(ctx, "tcp", address)
}

// refusedError says why a step may not connect to an address.
type refusedError struct{ address, what string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s is %s: a step reaches other machines only; if it is your own server, give its address in $CARGO_REGISTRIES_NAME_INDEX", e.address, e.what)
}

// metadata are the addresses outside of the link-local ranges at which cloud providers give
// virtual machines their credentials.
var metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("192.0.0.192")}

// checkRemote returns a *refusedError for an address of this machine (own are those of its
// devices), and for one that answers only because it is this machine that asks.
func checkRemote(resolved string, own []net.Addr) error {
	at, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	refuse := func(what string) error { return &refusedError{ip.String(), what} }
	for _, a := range own {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap() == ip {
			return refuse("an address of this machine")
		}
	}
	switch {
	case ip.IsLoopback(), ip.IsUnspecified(), ip.Is4() && ip.As4()[0] == 0:
		return refuse("an address of this machine")
	case ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return refuse("an address of this machine's own network link")
	}
	for _, m := range metadata {
		if m == ip {
			return refuse("where a cloud provider gives out credentials")
		}
	}
	return nil
}
