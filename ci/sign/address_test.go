package sign

import (
	"strings"
	"testing"
)

// TestAddressesWithSecrets checks that no error repeats the user information of a URL.
func TestAddressesWithSecrets(t *testing.T) {
	const secret = "https://user:hunter2@example.org"
	for name, o := range map[string]Options{"--fulcio-url": {Fulcio: secret}, "--rekor-url": {Rekor: secret}, "--timestamp-url": {Timestamp: secret}, "--rekor-url)": {Rekor: secret + "/%zz", Key: []byte("x")}} {
		if _, err := New(o); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}
