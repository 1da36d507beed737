package rustup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dagger/slipway/ci/triple"
)

// distribution is a server with manifests by their path, each with the file of its hash.
type distribution struct {
	*httptest.Server
	files map[string]string
}

func distribute(t *testing.T, manifests map[string]string) *distribution {
	d := &distribution{files: map[string]string{}}
	for path, text := range manifests {
		d.files[path] = text
		d.files[path+".sha256"] = sum(text) + "  " + path[strings.LastIndex(path, "/")+1:] + "\n"
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := d.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, text)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *distribution) open(t *testing.T) *Server {
	t.Helper()
	s, err := Open(d.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// described returns a manifest of a compiler, without the components of the targets in missing.
func described(version string, missing ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "manifest-version = \"2\"\ndate = \"2026-05-01\"\n")
	table := func(component, target string) {
		available := true
		for _, m := range missing {
			available = available && m != target && m != component
		}
		fmt.Fprintf(&b, "[pkg.%s.target.%s]\navailable = %t\n", component, target, available)
		if available {
			name := fmt.Sprintf("%s/dist/2026-05-01/%s-%s.tar", DefaultServer, component, target)
			fmt.Fprintf(&b, "url = %q\nhash = %q\nxz_url = %q\nxz_hash = %q\n", name+".gz", sum(name+".gz"), name+".xz", sum(name+".xz"))
		}
	}
	for _, component := range []string{"rustc", "cargo", "rust-std"} {
		fmt.Fprintf(&b, "[pkg.%s]\nversion = \"%s (0123456789 2026-05-01)\"\n", component, version)
		table(component, Host)
	}
	for _, t := range triple.Triples() {
		table("rust-std", t)
	}
	return b.String()
}

func TestResolve(t *testing.T) {
	d := distribute(t, map[string]string{
		"/dist/channel-rust-stable.toml":             described("1.97.1"),
		"/dist/channel-rust-1.97.toml":               described("1.97.1"),
		"/dist/channel-rust-1.97.1.toml":             described("1.97.1") + "# fixed\n",
		"/dist/channel-rust-nightly.toml":            described("1.99.0-nightly"),
		"/dist/2026-05-01/channel-rust-nightly.toml": described("1.99.0-nightly") + "# fixed\n",
		"/dist/2026-05-01/channel-rust-stable.toml":  described("1.97.1"),
		"/dist/channel-rust-beta.toml":               described("1.98.0-beta.3"),
		"/dist/2026-05-01/channel-rust-beta.toml":    described("1.98.0-beta.3") + "# fixed\n",
	})
	s := d.open(t)
	for channel, want := range map[string]string{
		"1.97.1": "1.97.1", "1.97": "1.97.1", "stable": "1.97.1", "stable-2026-05-01": "1.97.1",
		"nightly": "nightly-2026-05-01", "nightly-2026-05-01": "nightly-2026-05-01", "beta": "beta-2026-05-01",
	} {
		r, err := s.Resolve(t.Context(), channel)
		if err != nil || r.Channel != want {
			t.Errorf("Resolve(%q): %q, %v, want %q", channel, r.Channel, err, want)
			continue
		}
		path := strings.TrimPrefix(Location(d.URL, want), d.URL)
		if r.Manifest != sum(d.files[path]) {
			t.Errorf("Resolve(%q): the manifest is %s, want that of %s", channel, r.Manifest, path)
		}
	}
}

func TestArchives(t *testing.T) {
	d := distribute(t, map[string]string{"/dist/channel-rust-1.86.0.toml": described("1.86.0", triple.Wasm)})
	r, err := d.open(t).Resolve(t.Context(), "1.86.0")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range r.Archives {
		name, ok := strings.CutPrefix(a.URL, d.URL+"/dist/2026-05-01/")
		if !ok || a.SHA256 != sum(DefaultServer+"/dist/2026-05-01/"+name) {
			t.Errorf("%+v: expected the xz archive at the server that was asked, and its hash", a)
		}
		names = append(names, name)
	}
	want := []string{"rustc-" + Host, "cargo-" + Host, "rust-std-" + Host, "rust-std-" + triple.X8664, "rust-std-" + triple.AArch64}
	if got := strings.Join(names, " "); got != strings.Join(want, ".tar.xz ")+".tar.xz" {
		t.Errorf("the archives are %s", got)
	}
}

func TestResolveRefuses(t *testing.T) {
	good := described("1.86.0")
	for _, tt := range []struct{ name, channel, path, text, want string }{
		{"another release", "1.86.0", "/dist/channel-rust-1.86.0.toml", described("1.85.0"), `release "1.85.0"`},
		{"another minor release", "1.86", "/dist/channel-rust-1.86.toml", described("1.860.0"), `release "1.860.0"`},
		{"no stable release", "stable", "/dist/channel-rust-stable.toml", described("1.99.0-nightly"), "expected a stable one"},
		{"another format", "1.86.0", "/dist/channel-rust-1.86.0.toml", strings.Replace(good, `"2"`, `"3"`, 1), `version is "3"`},
		{"no TOML", "1.86.0", "/dist/channel-rust-1.86.0.toml", "<html>", "reading its manifest"},
		{"no compiler", "1.86.0", "/dist/channel-rust-1.86.0.toml", described("1.86.0", "rustc"), "it has no rustc for " + Host},
		{"no library for a target", "1.86.0", "/dist/channel-rust-1.86.0.toml", described("1.86.0", triple.AArch64), "it has no rust-std for " + triple.AArch64},
		{"a strange version", "1.86.0", "/dist/channel-rust-1.86.0.toml", described("1.86.0\\n::add-mask::x"), "expected a release"},
		{"a strange address", "1.86.0", "/dist/channel-rust-1.86.0.toml", strings.ReplaceAll(good, "https://", "file:///"), "expected an http address"},
		{"a strange hash", "1.86.0", "/dist/channel-rust-1.86.0.toml", strings.ReplaceAll(good, "xz_hash = \"", "xz_hash = \"sha256:"), "expected an http address and a SHA-256"},
		{"the fixed manifest is missing", "stable", "/dist/channel-rust-stable.toml", good, ErrNoChannel.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := distribute(t, map[string]string{tt.path: tt.text})
			if _, err := d.open(t).Resolve(t.Context(), tt.channel); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Resolve: %v, want %q", err, tt.want)
			}
		})
	}
}

// TestHashBesideManifest checks that a manifest is compared with the file that says its hash.
func TestHashBesideManifest(t *testing.T) {
	d := distribute(t, map[string]string{"/dist/channel-rust-1.86.0.toml": described("1.86.0")})
	d.files["/dist/channel-rust-1.86.0.toml"] += "\n"
	if _, err := d.open(t).Resolve(t.Context(), "1.86.0"); err == nil || !strings.Contains(err.Error(), "says another") {
		t.Errorf("Resolve: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	d := distribute(t, nil)
	if _, err := d.open(t).Resolve(t.Context(), "1.2.3"); !errors.Is(err, ErrNoChannel) {
		t.Errorf("Resolve without the channel: %v", err)
	}
	s := d.open(t)
	d.Close()
	if _, err := s.Resolve(t.Context(), "1.2.3"); err == nil || errors.Is(err, ErrNoChannel) {
		t.Errorf("Resolve without a server: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for root, want := range map[string]string{
		"file:///mirror":               "expected an address",
		"static.rust-lang.org":         "expected an address",
		"https://user:pw@rust.example": "user name or password",
		"https://rust.example/?a=b":    "query",
		"https://rust example":         "expected an address",
	} {
		if _, err := Open(root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, want %q", root, err, want)
		}
	}
	if s, err := Open(""); err != nil || s.root != DefaultServer {
		t.Errorf("Open of nothing: %+v, %v", s, err)
	}
}
