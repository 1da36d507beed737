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
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/netutil"

	"dagger/slipway/ci/quote"
)

// gateway is the only way from a step to the network: an HTTP proxy (RFC 9110, section 9.3.6)
// that connects to other machines, through the machine's own proxy if it has one, whose
// credentials the step never sees.
type gateway struct {
	// named are the servers, host:port, that the caller has named, which may be on this machine.
	named map[string]bool
	// tell is called with what was refused, at most maxRefusals times.
	tell     func(string)
	refusals atomic.Int32
	// via returns the machine's proxy for an address, nil for none.
	via func(*url.URL) (*url.URL, error)
}

func newGateway(tell func(string)) *gateway {
	return &gateway{named: namedServers(os.Environ()), tell: tell, via: httpproxy.FromEnvironment().ProxyFunc()}
}

// namedServers returns the servers that the caller's environment names: the registries' indexes
// (CARGO_REGISTRIES_<NAME>_INDEX) and rustup's distribution server (RUSTUP_DIST_SERVER).
func namedServers(environ []string) map[string]bool {
	named := map[string]bool{}
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		index := strings.HasPrefix(key, "CARGO_REGISTRIES_") && strings.HasSuffix(key, "_INDEX")
		if !index && key != "RUSTUP_DIST_SERVER" {
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

// Bounds on what a step makes slipway itself do: the connections at a time, the bytes of a
// request's header, and the refusals that are told.
const (
	maxConnections = 128
	maxHeader      = 64 << 10
	maxRefusals    = 20
)

// serve answers a step until its listener is closed or ctx ends.
func (g *gateway) serve(ctx context.Context, l net.Listener) {
	server := &http.Server{
		Handler: g, ReadHeaderTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_ = server.Serve(netutil.LimitListener(l, maxConnections))
}

// methods are those of cargo and git.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// ServeHTTP implements [http.Handler]. Other methods are refused: a proxy answers TRACE with the
// request as it got it, credentials and all (RFC 9110, section 9.3.8).
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		g.tunnel(w, r)
	case !r.URL.IsAbs() || r.URL.Scheme != "http":
		http.Error(w, "slipway: expected a request to a proxy", http.StatusBadRequest)
	case !slices.Contains(methods, r.Method):
		http.Error(w, "slipway: expected one of the methods CONNECT, "+strings.Join(methods, ", "), http.StatusMethodNotAllowed)
	default:
		g.forward(w, r)
	}
}

// forward passes on a request without TLS.
func (g *gateway) forward(w http.ResponseWriter, r *http.Request) {
	address := target(r.URL)
	proxy, err := g.via(r.URL)
	if err == nil {
		err = g.check(r.Context(), address, proxy != nil)
	}
	if err != nil {
		g.fail(w, address, err)
		return
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return g.dial(ctx, address) }, DisableKeepAlives: true}
	if proxy != nil {
		transport = &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}
	}
	forward := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.Header.Del("Max-Forwards") },
		Transport:    transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { g.fail(w, address, err) },
	}
	forward.ServeHTTP(w, r)
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
		if n := g.refusals.Add(1); n <= maxRefusals {
			g.tell(fmt.Sprintf("refused a connection to %s: %v", quote.Line(host), refused))
		}
	}
	http.Error(w, "slipway: "+err.Error(), status)
}

// connect opens a connection to host:port, through the machine's proxy if there is one for it.
func (g *gateway) connect(ctx context.Context, address string) (net.Conn, error) {
	proxy, err := g.via(&url.URL{Scheme: "https", Host: address})
	if err == nil {
		err = g.check(ctx, address, proxy != nil)
	}
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
