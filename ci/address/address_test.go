package address

import (
	"strings"
	"testing"
)

// TestCheck checks that every form of userinfo is refused, that the error does not repeat it, and
// that real addresses are accepted.
func TestCheck(t *testing.T) {
	for _, value := range []string{
		"https://user:hunter2@example.org", "https://hunter2@example.org/path", "http://:hunter2@example.org", "HTTPS://user:hunter2@example.org:8443/x?y",
		"user:hunter2@example.org", "//user:hunter2@example.org", `https:\\user:hunter2@example.org`, "https:/user:hunter2@example.org", "hunter2@example.org",
		"sparse+https://user:hunter2@example.org/index/", " https://user:hunter2@example.org", "https://user:hunter2%zz@example.org", "https://user:hunter2 @example.org",
		"https://example.org/?token=hunter2", "https://example.org?hunter2", "example.org/x#hunter2", "https://[::1]:3000/x?mail=a@example.org", "sparse+https://example.org/index/?hunter2",
	} {
		err := Check("X (--x)", value)
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "X (--x)") {
			t.Errorf("%q: it says %v", value, err)
		}
	}
	for _, value := range []string{
		"", "https://example.org", "https://example.org:8443/a/b@c", "http://127.0.0.1:3000", "https://[::1]:3000/x", "not an address",
		"https://github.com/o/r/.github/workflows/x.yml@refs/heads/main",
	} {
		if err := Check("X", value); err != nil {
			t.Errorf("%q: it says %v", value, err)
		}
	}
}

// TestCheckReference checks the same for image references.
func TestCheckReference(t *testing.T) {
	for _, value := range []string{"https://user:hunter2@example.org/app:1", "user:hunter2@example.org/app:1", "user:hunter2@localhost:5000/app@sha256:00", "docker://hunter2@example.org/app", "hunter2@example.org/app", "hunter2@localhost/app", "hunter2@localhost:5000/app"} {
		if err := CheckReference("X", value); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: it says %v", value, err)
		}
	}
	for _, value := range []string{"alpine@sha256:00", "alpine:3@sha256:00", "example.org/app:1@sha256:00", "localhost:5000/app@sha256:00", "dir@x/layout", "./a:b@c", "/a/b@c"} {
		if err := CheckReference("X", value); err != nil {
			t.Errorf("%q: it says %v", value, err)
		}
	}
}
