package version

import (
	"strings"
	"testing"
)

func TestTag(t *testing.T) {
	tests := []struct {
		crate, version, tag string
	}{
		{"containerd-shim-wasm", "1.0.0", "containerd-shim-wasm/v1.0.0"},
		{"oci_tar_builder", "0.4.0-rc.1", "oci_tar_builder/v0.4.0-rc.1"},
		{"v8", "1.0.0", "v8/v1.0.0"},
		{"curl-sys", "0.4.83+curl-8.15.0", "curl-sys/v0.4.83+curl-8.15.0"},
		{strings.Repeat("a", 64), "1.0.0", strings.Repeat("a", 64) + "/v1.0.0"},
	}
	for _, tt := range tests {
		v := parse(t, tt.version)
		if got := v.Tag(tt.crate); got != tt.tag {
			t.Errorf("Tag(%q) of %s = %q, want %q", tt.crate, tt.version, got, tt.tag)
		}
		crate, again, err := ParseTag(tt.tag)
		if err != nil || crate != tt.crate || again != v {
			t.Errorf("ParseTag(%q) = %q, %q, %v", tt.tag, crate, again, err)
		}
	}
}

func TestParseTagRefuses(t *testing.T) {
	const form = "expected <crate>/v<version>"
	tests := []struct {
		name, in, want string
	}{
		{"empty", "", form},
		{"no crate", "/v1.0.0", form},
		{"a version", "1.0.0", form},
		{"no slash", "crate-v1.0.0", form},
		{"no v", "crate/1.0.0", form},
		{"no version", "crate/v", `reading tag "crate/v": reading version "": it is empty`},
		{"two v", "crate/vv1.0.0", "leave out the v"},
		{"short version", "crate/v1.0", "expected MAJOR.MINOR.PATCH"},
		{"empty build metadata", "crate/v1.0.0+", "invalid metadata"},
		{"full ref", "refs/tags/crate/v1.0.0", form},
		{"two levels", "a/b/v1.0.0", form},
		{"two versions", "a/v1.0.0/v1.0.0", "expected MAJOR.MINOR.PATCH"},
		{"parent folder", "../v1.0.0", form},
		{"option", "--x/v1.0.0", form},
		{"leading digit", "1a/v1.0.0", form},
		{"space", "a b/v1.0.0", form},
		{"look-alike", "cr\u0430te/v1.0.0", form},
		{"newline", "crate\n/v1.0.0", form},
		{"crate too long", strings.Repeat("a", 65) + "/v1.0.0", form},
		{"10 MB crate", strings.Repeat("a", 10<<20) + "/v1.0.0", form},
		{"10 MB version", "crate/v" + strings.Repeat("1", 10<<20), "10485760 bytes long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			crate, v, err := ParseTag(tt.in)
			if err == nil || crate != "" || v != (Version{}) {
				t.Fatalf("ParseTag gave %q, %q, %v; want an error alone", crate, v, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			checkOneLine(t, err)
		})
	}
}

// TestImageTag checks that an image's tag can be parsed back to the version, and that no other
// tag can.
func TestImageTag(t *testing.T) {
	for in, want := range map[string]string{"1.0.0": "1.0.0", "0.4.83+curl-8.15.0": "0.4.83_curl-8.15.0", "1.0.0-rc.1+a.b": "1.0.0-rc.1_a.b"} {
		v := parse(t, in)
		again, err := ParseImageTag(v.ImageTag())
		if v.ImageTag() != want || err != nil || again != v {
			t.Errorf("%s has the tag %q, which is read as %s, %v", in, v.ImageTag(), again, err)
		}
	}
	for _, tag := range []string{"latest", "1.0.0+a", "1.0.0_a_b", "1.0", "sha256-0123.sig", "1.0.0_"} {
		if v, err := ParseImageTag(tag); err == nil {
			t.Errorf("%q is read as %s", tag, v)
		}
	}
}
