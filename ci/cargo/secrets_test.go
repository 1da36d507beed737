package cargo

import (
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestSecrets checks which files of a package are noted as possible secrets.
func TestSecrets(t *testing.T) {
	const key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n"
	for name, tt := range map[string]struct {
		content string
		want    bool
	}{
		".env": {"A=1", true}, ".ENV": {"A=1", true}, ".env.local": {"A=1", true}, "prod.env": {"A=1", true}, ".envrc": {"x", true},
		".env.example": {"A=1", false}, "example.env": {"A=1", false}, ".env.sample.txt": {"A=1", false},
		".npmrc": {"x", true}, ".pypirc": {"x", true}, ".git-credentials": {"x", true}, ".netrc": {"x", true},
		".cargo/credentials": {"x", true}, ".aws/credentials": {"x", true}, "docs/credentials": {"x", false}, "src/credentials.rs": {"x", false},
		".docker/config.json": {"{}", true}, "config.json": {"{}", false}, "x.p12": {"x", true}, "x.pfx": {"x", true},
		"id_ecdsa": {"x", true}, "id_ecdsa.pub": {"ecdsa-sha2-nistp256 AAAA", false}, "known_hosts": {"x", false},
		"key.pem": {key, true}, "bundle.pem": {"Bag Attributes\n" + strings.ReplaceAll(key, "PRIVATE", "ENCRYPTED PRIVATE"), true},
		"cert.pem": {"-----BEGIN CERTIFICATE-----\nMIIB\n", false}, "public.pem": {"-----BEGIN PUBLIC KEY-----\nMIIB\n", false},
		"deploy.key": {"-----BEGIN OPENSSH PRIVATE KEY-----\n", true}, "raw.key": {"\x30\x82", true}, "public.key": {"-----BEGIN RSA PUBLIC KEY-----\n", false},
		"release.asc": {"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", true}, "release.pub.asc": {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", false},
		"account.json": {`{"private_key": "-----BEGIN PRIVATE KEY-----\nMIIE"}`, true}, "tests/fixture": {key, true},
		"src/parse.rs": {"const BEGIN: &str = \"-----BEGIN PRIVATE KEY-----\";\n", false}, "docs/keys.md": {"Write `-----BEGIN PRIVATE KEY-----` first.\n", false},
		"large": {strings.Repeat("x", maxKeyFile) + key, false},
	} {
		w := read(t, map[string]string{"Cargo.toml": pkg("a", published), "src/lib.rs": "", name: tt.content})
		list := w.checkFiles(crate(t, w, "a"), true)
		if noted := len(list) == 1 && list[0].File == name && list[0].Stops == finding.Nothing && strings.Contains(list[0].What, "published with the crate"); noted != tt.want || len(list) > 1 {
			t.Errorf("%s: the findings are %q", name, list.Lines())
		}
	}
}

// TestSize checks that files which together may make too large a package are noted, for crates.io.
func TestSize(t *testing.T) {
	half := strings.Repeat("x", 5<<20)
	for name, tt := range map[string]struct {
		manifest string
		want     bool
	}{
		"two halves and more":    {"", true},
		"one that is excluded":   {"exclude = [\"two\"]", false},
		"a limit that is raised": {"metadata.slipway.large-crate = true", false},
		"another registry":       {"publish = [\"corp\"]", false},
	} {
		w := read(t, map[string]string{"Cargo.toml": pkg("a", published, tt.manifest), "src/lib.rs": "", "one": half, "two": half + "x"})
		list := w.checkFiles(crate(t, w, "a"), true)
		if noted := len(list) == 1 && list[0].File == "two" && list[0].Stops == finding.Nothing && strings.Contains(list[0].What, "too large for crates.io"); noted != tt.want || len(list) > 1 {
			t.Errorf("%s: the findings are %q", name, list.Lines())
		}
	}
}
