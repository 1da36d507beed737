package local

import (
	"fmt"
	"os"
	"path/filepath"

	"dagger/slipway/ci/bwrap"
)

// caBundle returns the system's certificate file, "" if none is found. The environment's choice
// comes first: behind a proxy that inspects TLS, no other file is valid.
func caBundle() string {
	for _, name := range []string{
		os.Getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine
		"/etc/pki/tls/certs/ca-bundle.crt",   // Fedora
		"/etc/ssl/ca-bundle.pem",             // openSUSE
	} {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return name
		}
	}
	return ""
}

// hostFiles are the files that name resolution reads.
var hostFiles = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}

// networkAccess returns the mounts and environment that a step with a network needs from this
// machine: certificates and proxies, which for an isolated step is the gateway alone, and for
// another also name resolution. They are not part of the step, because they must not change its
// result. Certificates are copied to work, because only slipway's own user may be able to read
// them.
func networkAccess(work string, isolated bool) ([]bwrap.Bind, []string, error) {
	var binds []bwrap.Bind
	env, _ := proxies()
	if isolated {
		env = gatewayVariables()
	}
	for _, name := range hostFiles {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && !isolated {
			binds = append(binds, bwrap.Bind{From: name, To: name, ReadOnly: true})
		}
	}
	if ca := caBundle(); ca != "" {
		const inside = "/run/slipway/ca.pem"
		raw, err := os.ReadFile(ca)
		if err != nil {
			return nil, nil, fmt.Errorf("reading certificates: %w", err)
		}
		copied := filepath.Join(work, "ca.pem")
		if err := os.WriteFile(copied, raw, 0o644); err != nil {
			return nil, nil, err
		}
		binds = append(binds, bwrap.Bind{From: copied, To: inside, ReadOnly: true})
		for _, key := range []string{"SSL_CERT_FILE", "CARGO_HTTP_CAINFO", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"} {
			env = append(env, key+"="+inside)
		}
	}
	return binds, env, nil
}
