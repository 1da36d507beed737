package verify

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
)

// attached is what a registry keeps for an image.
type attached struct {
	oci.Signatures
	list []oci.Signature
}

func (a attached) Get() ([]oci.Signature, error) { return a.list, nil }

// layer is a layer whose declared size and content differ from the real ones.
type layer struct {
	ociSignature
	says, sends int64
	asked       *int
}

func (l layer) Size() (int64, error) { return l.says, nil }

func (l layer) Compressed() (io.ReadCloser, error) {
	*l.asked++
	return io.NopCloser(io.LimitReader(spaces{}, l.sends)), nil
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

// TestAttachedWithoutEnd checks the limits on what is read from a registry, and that
// payloads are read one at a time.
func TestAttachedWithoutEnd(t *testing.T) {
	plain, err := static.NewAttestation([]byte("{}"))
	fatal(t, err)
	for name, c := range map[string]struct {
		count       int
		says, sends int64
		want        string
		asked       int
	}{
		"40 of 80 MB":         {40, 80 << 20, 80 << 20, "more than 134217728 bytes", 0},
		"one of 1 TB":         {1, 1 << 40, 1 << 40, "more than 134217728 bytes", 0},
		"sizes that overflow": {3, 1<<63 - 1, 1, "more than 134217728 bytes", 0},
		"a negative size":     {1, -1, 1, "more than 134217728 bytes", 0},
		"too many":            {257, 1, 1, "257 are attached to the image, expected at most 256", 0},
		"more than it says":   {1, 8, 1 << 40, "it does not have the 8 bytes", 1},
		"less than it says":   {2, 8, 7, "it does not have the 8 bytes", 1},
		"as many as may be":   {256, 512 << 10, 512 << 10, "", 256},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			var there attached
			for range c.count {
				there.list = append(there.list, layer{plain, c.says, c.sends, &asked})
			}
			for what, read := range map[string]func() (int, error){
				"attestations": func() (int, error) {
					all, err := Expectation{}.Attestations(t.Context(), there, v1.Hash{})
					return len(all), err
				},
				"signatures": func() (int, error) {
					_, others, err := Expectation{}.Signatures(t.Context(), there, v1.Hash{})
					return len(others), err
				},
			} {
				asked = 0
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				n, err := read()
				runtime.ReadMemStats(&after)
				switch {
				case c.want == "" && (err != nil || n != c.count):
					t.Errorf("%s: %d are read (%v), expected %d", what, n, err, c.count)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("%s: it says %v, expected %q", what, err, c.want)
				}
				if asked != c.asked {
					t.Errorf("%s: %d were asked for, expected %d", what, asked, c.asked)
				}
				runtime.GC()
				var kept runtime.MemStats
				runtime.ReadMemStats(&kept)
				if kept.HeapAlloc > before.HeapAlloc+16<<20 {
					t.Errorf("%s: %d bytes are kept", what, kept.HeapAlloc-before.HeapAlloc)
				}
				if taken := after.TotalAlloc - before.TotalAlloc; c.want != "" && taken > 16<<20 {
					t.Errorf("%s: %d bytes were taken", what, taken)
				}
			}
		})
	}
}

// TestEnvelopeBomb checks that envelopes and statements which would take gigabytes once
// parsed are refused.
func TestEnvelopeBomb(t *testing.T) {
	_, err := open([]byte(`{"signatures":[` + strings.Repeat("{},", 20<<20) + `{}]}`))
	if err == nil || !strings.Contains(err.Error(), "the envelope has more than 10000 JSON values") {
		t.Errorf("it says %v", err)
	}
	if err := sameJSON([]byte(fmt.Sprintf("[%s{}]", strings.Repeat("{},", 15<<20))), []byte("{}")); err == nil || !strings.Contains(err.Error(), "JSON values") {
		t.Errorf("it says %v", err)
	}
}
