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

// Guard returns a transport that keeps a registry's credentials from other servers, and limits
// the size of what the registry sends: a blob to blob bytes, everything else to [MaxSmall].
// go-containerregistry sends credentials to whatever token server the registry names (the "realm"
// of its challenge, OCI distribution specification 1.1 and RFC 6750), and accepts plain HTTP in
// private networks.
func Guard(registry name.Registry, next http.RoundTripper, blob int64) http.RoundTripper {
	return guard{registry.RegistryStr(), next, blob}
}

type guard struct {
	registry string // host, with a port if the reference has one
	next     http.RoundTripper
	blob     int64 // the size limit of a blob in bytes
}

// Size limits in bytes for [Guard].
const (
	// MaxSmall is the size limit of a manifest, a configuration, a token, an error or a list of
	// tags: twice what registries must accept as a manifest (OCI distribution specification 1.1,
	// "Pushing Manifests"). It bounds memory: each layer takes hundreds of bytes once parsed, and
	// as little as three in the manifest.
	MaxSmall = 8 << 20
	// MaxAttached is the size limit of a blob that is read into memory, the attestation of an
	// SBOM for example.
	MaxAttached = 128 << 20
	// MaxLayer is the size limit of a layer of an image, which is unpacked as it arrives.
	MaxLayer = 16 << 30
)

// RoundTrip implements http.RoundTripper.
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
	return transport.Bounded{Next: g.next, Limit: g.limit(req)}.RoundTrip(req)
}

// limit returns the size limit in bytes of the response to a request. What decides is the request
// that was redirected here, because a registry can redirect to any path.
func (g guard) limit(req *http.Request) int64 {
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
	}
	if strings.HasPrefix(req.URL.Path, "/v2/") && strings.Contains(req.URL.Path, "/blobs/sha256:") {
		return g.blob
	}
	return MaxSmall
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
