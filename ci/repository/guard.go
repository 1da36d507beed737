package repository

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/net/publicsuffix"

	"dagger/slipway/ci/transport"
)

// Guard keeps a registry's credentials from everybody else. go-containerregistry sends
// them wherever the registry says that tokens are had (the "realm" of its challenge, OCI
// distribution specification 1.1 and RFC 6750), and takes plain HTTP for good enough in
// private networks.
func Guard(registry name.Registry, next http.RoundTripper) http.RoundTripper {
	return guard{registry.RegistryStr(), next}
}

type guard struct {
	registry string // host, with its port where it has one
	next     http.RoundTripper
}

// maxManifest is how many bytes a manifest may have, twice what registries have to take
// (OCI distribution specification 1.1, "Pushing Manifests"): hundreds of bytes of memory
// are made of each of its layers, and three are enough for one.
const maxManifest = 8 << 20

// RoundTrip implements http.RoundTripper. A manifest has maxManifest bytes at most.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if secret(req) {
		err := transport.CheckSecret(req.URL)
		if err == nil && !g.trusts(req.URL) {
			err = fmt.Errorf("registry %q sends whoever signs in to %s, another server: its credentials are not sent there", g.registry, transport.Origin(req.URL))
		}
		if err != nil {
			if req.Body != nil {
				_ = req.Body.Close()
			}
			return nil, err
		}
	}
	if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/manifests/") {
		return transport.Bounded{Next: g.next, Limit: maxManifest}.RoundTrip(req)
	}
	return g.next.RoundTrip(req)
}

// secret reports whether a request has credentials: in a header, or as the form by which
// a token is asked for.
func secret(req *http.Request) bool {
	return req.Header.Get("Authorization") != "" || strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// trusts reports whether an address is the registry's own, or that of a server of the same
// owner, as auth.docker.io is for index.docker.io: both by TLS on its own port, and with
// the same registrable domain.
func (g guard) trusts(u *url.URL) bool {
	own := &url.URL{Scheme: u.Scheme, Host: g.registry}
	if transport.Origin(u) == transport.Origin(own) {
		return true
	}
	if u.Scheme != "https" || !strings.HasSuffix(transport.Origin(u), ":443") || !strings.HasSuffix(transport.Origin(own), ":443") {
		return false
	}
	theirs, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	if err != nil {
		return false
	}
	ours, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(own.Hostname()))
	return err == nil && theirs == ours
}
