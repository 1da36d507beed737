package local

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"strings"

	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/step"
)

// proxyVariables name the proxies of this machine, which a step with a network needs.
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}

// isolated reports whether a step with a network has its own: not where slipway cannot create one,
// which the user accepted (see checkSandbox), nor the step
// that makes the toolchain image from this machine's own files: it runs nothing of the workspace,
// and apt's configuration may name other proxies.
func isolated(s step.Step) bool { return s.Network && !s.Image.Machine && ownNetworks() }

// proxies returns this machine's proxy variables as KEY=VALUE. Those with a user name or password
// are returned apart: they must not be on a command line, which everyone can read.
func proxies() (plain, secrets []string) {
	for _, key := range proxyVariables {
		value := os.Getenv(key)
		switch {
		case value == "":
		case userinfo(value) != "":
			secrets = append(secrets, key+"="+value)
		default:
			plain = append(plain, key+"="+value)
		}
	}
	return plain, secrets
}

// userinfo returns the user name and password in the address of a proxy, whose scheme is optional.
func userinfo(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	if end := strings.LastIndexByte(address, '@'); end >= 0 {
		return address[:end]
	}
	return ""
}

// withProxies returns the secrets with the passwords of this machine's proxies, so that a step's
// output never shows them.
func withProxies(given step.Secrets) step.Secrets {
	all := step.Secrets{}
	maps.Copy(all, given)
	for _, key := range proxyVariables {
		user := userinfo(os.Getenv(key))
		_, password, _ := strings.Cut(user, ":")
		values := []string{user, password}
		if decoded, err := url.PathUnescape(password); err == nil {
			values = append(values, decoded)
		}
		for i, value := range values {
			if value != "" {
				all[fmt.Sprintf("%s %d", key, i)] = secret.New(value)
			}
		}
	}
	return all
}
