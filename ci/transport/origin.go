package transport

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Origin is a server as far as a secret is concerned: scheme, host and port (RFC 6454,
// section 4). What is for one origin is for no other.
func Origin(u *url.URL) string {
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port)
}

// ErrPlain is wrapped by the error of an address to which no secret may be sent.
var ErrPlain = errors.New("it is no https address, and not on this machine: a token is not sent there")

// CheckSecret returns an error where a secret that is sent to u could be read on its way:
// plain HTTP is for this machine's loopback alone, and for hosts that are reached by a
// tunnel.
func CheckSecret(u *url.URL) error {
	if u.Scheme == "https" && u.Host != "" || u.Scheme == "http" && (isLoopback(u.Hostname()) || tunnels.has(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("checking the address %q: %w", u.Redacted(), ErrPlain)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Tunnelled says that hosts are reached by a tunnel of the caller's own, whose traffic no
// one reads: an engine's services, which whoever calls the module has named.
func Tunnelled(hosts ...string) { tunnels.add(hosts) }

var tunnels hostList

type hostList struct {
	mu    sync.Mutex
	hosts []string
}

func (l *hostList) add(hosts []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts = append(l.hosts, hosts...)
}

func (l *hostList) has(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.hosts, host)
}

// secretHeaders are those of a request that may hold a secret.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Www-Authenticate", "X-Api-Key", "Private-Token"}

// longestChain is how many redirects are followed, as net/http does.
const longestChain = 10

// CheckRedirect is that of every client: a secret does not follow to another origin, be
// it another port of the same host, and no request goes on in plain HTTP that began in
// TLS. net/http itself compares host names, takes a subdomain for its parent, and sends a
// body again wherever the answer says.
func CheckRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	switch {
	case len(via) >= longestChain:
		return fmt.Errorf("stopped after %d redirects", longestChain)
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%s redirects to %s, expected https as before", Origin(last.URL), Origin(req.URL))
	case Origin(first.URL) == Origin(req.URL) && Origin(last.URL) == Origin(req.URL):
		return nil
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		return fmt.Errorf("%s redirects a %s request to %s: what it holds is not for another server", Origin(last.URL), req.Method, Origin(req.URL))
	}
	for _, name := range secretHeaders {
		req.Header.Del(name)
	}
	return nil
}
