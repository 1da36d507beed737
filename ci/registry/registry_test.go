package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/credential"
)

// serve starts a server for the files of an index, by path.
func serve(t *testing.T, files map[string]string, token string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[strings.TrimPrefix(r.URL.Path, "/index/")]
		switch {
		case token != "" && r.Header.Get("Authorization") != token:
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(body))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// tokenFor returns the token "secret" for a registry with that index, "" for crates.io.
func tokenFor(t *testing.T, index string) credential.Token {
	t.Helper()
	token, err := credential.Registries{Lookup: func(string) string { return "secret" }}.For("", "")
	if index != "" {
		lookup := func(name string) string {
			return map[string]string{"CARGO_REGISTRIES_OTHER_TOKEN": "secret", "CARGO_REGISTRIES_OTHER_INDEX": index}[name]
		}
		token, err = credential.Registries{Lookup: lookup}.For("other", index)
	}
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestVersions(t *testing.T) {
	files := map[string]string{
		"config.json":   `{"dl": "https://example.org/dl", "api": "https://example.org"}`,
		"sh/im/shimkit": `{"name":"shimkit","vers":"0.3.0","cksum":"aa","yanked":true}` + "\n" + `{"name":"shimkit","vers":"0.3.1","cksum":"bb","yanked":false}` + "\n",
	}
	s := serve(t, files, "")
	r, err := Open(t.Context(), "sparse+"+s.URL+"/index/", credential.Token{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Versions(t.Context(), "shimkit")
	if err != nil || !slices.Equal(got, []Version{{"shimkit", "0.3.0", "aa", true}, {"shimkit", "0.3.1", "bb", false}}) {
		t.Errorf("versions %v, %v", got, err)
	}
	if got, err := r.Versions(t.Context(), "missing"); err != nil || got != nil {
		t.Errorf("versions of a crate that is not there: %v, %v", got, err)
	}
}

func TestOpenWithToken(t *testing.T) {
	files := map[string]string{"config.json": `{"dl": "d", "auth-required": true}`, "1/a": `{"name":"a","vers":"1.0.0","cksum":"aa"}`}
	s := serve(t, files, "secret")
	r, err := Open(t.Context(), "sparse+"+s.URL+"/index", tokenFor(t, "sparse+"+s.URL+"/index"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Versions(t.Context(), "a"); err != nil || len(got) != 1 {
		t.Errorf("versions %v, %v", got, err)
	}
	if _, err := Open(t.Context(), "sparse+"+s.URL+"/index", credential.Token{}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a token: %v", err)
	}
}

func TestOpenRefused(t *testing.T) {
	s := serve(t, map[string]string{"config.json": "<html>"}, "")
	for index, want := range map[string]string{
		"https://example.org/index": "expected a sparse index", "": "expected a sparse index", "sparse+nowhere": "expected a sparse index",
		"sparse+" + s.URL + "/index/": "config.json",
	} {
		if _, err := Open(t.Context(), index, credential.Token{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("opening %q: %v, want %q", index, err, want)
		}
	}
}

func TestIndexPath(t *testing.T) {
	for crate, want := range map[string]string{"a": "1/a", "ab": "2/ab", "abc": "3/a/abc", "Serde_JSON": "se/rd/serde_json"} {
		if got := indexPath(crate); got != want {
			t.Errorf("%s is at %q, want %q", crate, got, want)
		}
	}
}

func TestDownloadURL(t *testing.T) {
	v := Version{Name: "Shimkit", Version: "0.3.1", Checksum: "bb"}
	for dl, want := range map[string]string{
		"https://e.org/dl": "https://e.org/dl/Shimkit/0.3.1/download",
		"https://e.org/{crate}/{crate}-{version}.crate": "https://e.org/Shimkit/Shimkit-0.3.1.crate",
		"https://e.org/{prefix}/{lowerprefix}/{crate}":  "https://e.org/Sh/im/sh/im/Shimkit",
		"https://e.org/{sha256-checksum}":               "https://e.org/bb",
	} {
		r := &Registry{config: &config{DL: dl}}
		if got := r.downloadURL(v); got != want {
			t.Errorf("%s gives %s, want %s", dl, got, want)
		}
	}
}

// crate returns a .crate with the given files.
func crate(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: "app-1.2.3/" + name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(content))
	}
	if w.Close() != nil || z.Close() != nil {
		t.Fatal("packing")
	}
	return b.Bytes()
}

func TestDifferences(t *testing.T) {
	base := crate(t, map[string]string{"Cargo.toml": "a", "src/lib.rs": "b", "Cargo.lock": "c"})
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", map[string]string{"Cargo.toml": "a", "src/lib.rs": "b", "Cargo.lock": "c"}, nil},
		{"another lock file", map[string]string{"Cargo.toml": "a", "src/lib.rs": "b", "Cargo.lock": "d", ".cargo_vcs_info.json": "{}"}, nil},
		{"another source", map[string]string{"Cargo.toml": "a", "src/lib.rs": "evil", "Cargo.lock": "c"}, []string{"src/lib.rs"}},
		{"a file more and a file less", map[string]string{"Cargo.toml": "a", "build.rs": ""}, []string{"build.rs", "src/lib.rs"}},
	}
	for _, tt := range tests {
		got, err := Differences(base, crate(t, tt.files))
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
	if _, err := Differences(base, []byte("no crate")); err == nil {
		t.Error("something that is no crate was compared")
	}
}
