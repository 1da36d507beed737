package purl

import "testing"

func TestNew(t *testing.T) {
	tests := []struct {
		kind, name, version string
		qualifiers          map[string]string
		want                string
	}{
		{"cargo", "rand", "0.7.2", nil, "pkg:cargo/rand@0.7.2"},
		{"cargo", "rand", "", nil, "pkg:cargo/rand"},
		{"cargo", "serde_json", "1.0.0-rc.1", nil, "pkg:cargo/serde_json@1.0.0-rc.1"},
		{"cargo", "zstd-sys", "2.0.15+zstd.1.5.7", nil, "pkg:cargo/zstd-sys@2.0.15%2Bzstd.1.5.7"},
		{"cargo", "a", "1.0.0", map[string]string{"vcs_url": ""}, "pkg:cargo/a@1.0.0"},
		{
			"cargo", "a", "1.0.0",
			map[string]string{"vcs_url": "git+https://x.invalid/a.git@01"},
			"pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps:%2F%2Fx.invalid%2Fa.git%4001",
		},
		{
			"oci", "a", "sha256:01",
			map[string]string{"tag": "1.0", "arch": "", "repository_url": "x.invalid:5000/b/a"},
			"pkg:oci/a@sha256:01?repository_url=x.invalid:5000%2Fb%2Fa&tag=1.0",
		},
		{"cargo", "a", "1.0.0", map[string]string{"x": " ?&=#%ü~"}, "pkg:cargo/a@1.0.0?x=%20%3F%26%3D%23%25%C3%BC~"},
	}
	for _, tt := range tests {
		if got := New(tt.kind, tt.name, tt.version, tt.qualifiers); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
