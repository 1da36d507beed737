package sign

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestBundleBomb checks that a bundle smaller than MaxBundle which a parser would turn into
// gigabytes is refused cheaply, wherever the values are.
func TestBundleBomb(t *testing.T) {
	const head = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",`
	many := strings.Repeat("{},", 20<<20) + "{}"
	inner := base64.StdEncoding.EncodeToString([]byte("[" + strings.Repeat("{},", 15<<20) + "{}]"))
	body := base64.StdEncoding.EncodeToString([]byte("[" + strings.Repeat("{},", 1<<20) + "{}]"))
	for name, c := range map[string]struct{ bundle, want string }{
		"log entries":      {head + `"verificationMaterial":{"tlogEntries":[` + many + `]}}`, "more than 10000 JSON values"},
		"unknown":          {head + `"x":[` + many + `]}`, "more than 10000 JSON values"},
		"after a quote":    {head + `"x":"\\\"","y":[` + many + `]}`, "more than 10000 JSON values"},
		"nested":           {strings.Repeat("[", 60<<20), "more than 10000 JSON values"},
		"in the statement": {head + `"dsseEnvelope":{"payload":"` + inner + `","payloadType":"x","signatures":[{"sig":""}]}}`, "the statement has more than 1048576 JSON values"},
		"in an entry":      {head + `"verificationMaterial":{"tlogEntries":[{"canonicalizedBody":"` + body + `"}]}}`, "bytes beside its statement, expected at most 1048576"},
		"too long":         {strings.Repeat(" ", MaxBundle+1), "has 67108865 bytes, expected at most 67108864"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := []byte(c.bundle)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			_, err := ParseBundle(raw)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v, expected %q", err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 6*MaxBundle {
				t.Errorf("it took %d bytes", used)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestBundleOfManyCommas checks that characters in strings do not count.
func TestBundleOfManyCommas(t *testing.T) {
	raw := []byte(`{"a":"` + strings.Repeat(`[{,:\"`, 20_000) + `"}`)
	if manyValues(raw, 4) || !manyValues(raw, 1) {
		t.Error("it has two marks")
	}
}

// TestBundleDoor checks that no other code parses bundles.
func TestBundleDoor(t *testing.T) {
	for _, dir := range []string{"ci", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || filepath.ToSlash(name) == "../../ci/sign/bundle.go" {
				return err
			}
			raw, err := os.ReadFile(name)
			for _, call := range []string{"protojson.Unmarshal", "b.UnmarshalJSON(", "bundle.LoadJSON", "ociremote.Bundle("} {
				if strings.Contains(string(raw), call) {
					t.Errorf("%s calls %s: parse bundles by sign.ParseBundle", name, call)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
