package github

import (
	"strings"
	"testing"
)

// TestAddressesWithSecrets checks that errors do not repeat the user information of a URL.
func TestAddressesWithSecrets(t *testing.T) {
	const secret = "https://user:hunter2@example.org"
	for name, o := range map[string]Options{"--github-api": {Repository: "o/r", API: secret}, "--repository": {Repository: secret + "/o/r"}} {
		if _, err := New(o); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}
