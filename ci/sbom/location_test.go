package sbom

import "testing"

// TestGitLocation checks that the user of a URL, which may be a token, is left out.
func TestGitLocation(t *testing.T) {
	tests := []struct{ repository, want string }{
		{"https://x.invalid/a.git", "git+https://x.invalid/a.git@01"},
		{"https://x.invalid/a.git?rev=01", "git+https://x.invalid/a.git@01"},
		{"https://x.invalid/a.git?branch=main#f", "git+https://x.invalid/a.git@01"},
		{"https://token@x.invalid/a.git", "git+https://x.invalid/a.git@01"},
		{"https://user:token@x.invalid/a.git", "git+https://x.invalid/a.git@01"},
		{"ssh://git@x.invalid/a.git", "git+ssh://git@x.invalid/a.git@01"},
		{"ssh://git:token@x.invalid/a.git", "git+ssh://git@x.invalid/a.git@01"},
		{"git+https://x.invalid/a", "git+https://x.invalid/a@01"},
		{"git@x.invalid:a.git", ""},
		{"/a", ""},
		{"", ""},
		{"https:a", ""},
		{"%", ""},
	}
	for _, tt := range tests {
		if got := gitLocation(tt.repository, "01"); got != tt.want {
			t.Errorf("gitLocation(%q) = %q, want %q", tt.repository, got, tt.want)
		}
	}
	if got := gitLocation("https://x.invalid/a.git", ""); got != "" {
		t.Errorf("without a commit: %q", got)
	}
}

func TestWebURL(t *testing.T) {
	for s, want := range map[string]bool{
		"https://x.invalid/a": true, "http://x.invalid": true,
		"": false, "x.invalid/a": false, "git://x.invalid/a": false, "https://token@x.invalid/a": false,
		"javascript:alert(1)": false, "https://": false, "https://x.invalid/a b": false, "https://x.invalid/\n": false,
	} {
		if got := webURL(s); got != map[bool]string{true: s}[want] {
			t.Errorf("webURL(%q) = %q", s, got)
		}
	}
}
