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

// Origin returns the origin of a URL: scheme, host and port (RFC 6454, section 4). A secret for
// one origin is not sent to another.
func Origin(u *url.URL) string {
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port)
}

// ErrPlain is wrapped by the error for an address to which no secret may be sent.
var ErrPlain = errors.New("it is neither an https address nor on this machine: a token is not sent there")

// CheckSecret returns an error if a secret sent to u could be read in transit. Plain HTTP is only
// accepted for loopback addresses and for hosts passed to [Tunnelled].
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

// Tunnelled declares that the hosts are reached through a private tunnel of the caller's, such
// as services of a Dagger engine that the module's caller has named. Plain HTTP is accepted for
// them.
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

// secretHeaders lists request headers that may hold a secret.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Www-Authenticate", "X-Api-Key", "Private-Token"}

// longestChain is how many redirects are followed, as in net/http.
const longestChain = 10

// CheckRedirect is the redirect policy of every client. Secrets are dropped on a redirect to
// another origin, even to another port of the same host; a redirect from https to http is an
// error, and so is one to another origin of a request other than GET or HEAD. net/http compares
// host names only, keeps secrets for subdomains, and sends a body again wherever the response
// says.
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
		return fmt.Errorf("%s redirects a %s request to %s: its content is not for another server", Origin(last.URL), req.Method, Origin(req.URL))
	}
	for _, name := range secretHeaders {
		req.Header.Del(name)
	}
	return nil
}
