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

// Guard returns a transport that keeps a registry's credentials from other servers.
// go-containerregistry sends them to whatever token server the registry names (the "realm" of its
// challenge, OCI distribution specification 1.1 and RFC 6750), and accepts plain HTTP in private
// networks.
func Guard(registry name.Registry, next http.RoundTripper) http.RoundTripper {
	return guard{registry.RegistryStr(), next}
}

type guard struct {
	registry string // host, with a port if the reference has one
	next     http.RoundTripper
}

// maxManifest is the size limit of a manifest in bytes, twice what registries must accept (OCI
// distribution specification 1.1, "Pushing Manifests"). It bounds memory: each layer takes
// hundreds of bytes once parsed, and as little as three in the manifest.
const maxManifest = 8 << 20

// RoundTrip implements http.RoundTripper. It limits a manifest to maxManifest bytes.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if confidential(req) {
		err := transport.CheckSecret(req.URL)
		if err == nil && !g.trusts(req.URL) {
			err = fmt.Errorf("registry %q sends logins to %s, another server: its credentials are not sent there", g.registry, transport.Origin(req.URL))
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

// confidential reports whether a request carries credentials: in a header, or in the form that requests
// a token.
func confidential(req *http.Request) bool {
	return req.Header.Get("Authorization") != "" || strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// trusts reports whether credentials may be sent to u: to the registry's own origin, or to a
// server of the same owner, as auth.docker.io is for index.docker.io. In the latter case both use
// HTTPS on port 443 and share the registrable domain.
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
