package layout

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func files(json string) fstest.MapFS {
	return fstest.MapFS{
		"index.json": {Data: []byte(json), Mode: 0o644},
		"oci-layout": {Data: []byte(`{"imageLayoutVersion":"1.0.0"}`), Mode: 0o644},
		"blobs/x":    {Data: []byte("blob"), Mode: 0o644},
	}
}

func TestName(t *testing.T) {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("manifest")))
	one := `{"manifests":[{"digest":"` + digest + `","platform":{"os":"linux","architecture":"amd64"}}]}`
	good := files(one)
	good["blobs/sha256/"+strings.TrimPrefix(digest, "sha256:")] = &fstest.MapFile{Data: []byte("manifest")}
	if got, err := Name(good); got != "layout@"+digest || err != nil {
		t.Errorf("Name = %q, %v", got, err)
	}
	good["blobs/sha256/"+strings.TrimPrefix(digest, "sha256:")] = &fstest.MapFile{Data: []byte("another manifest")}
	if got, err := Name(good); err == nil || !strings.Contains(err.Error(), "the manifest has digest sha256:") {
		t.Errorf("another manifest under the same name: Name = %q, %v", got, err)
	}
	for _, tt := range []struct{ name, json, want string }{
		{"no manifest", one, "reading OCI layout: open blobs/sha256/"},
		{"none", `{"manifests":[]}`, "it has 0 images, expected one"},
		{"two", `{"manifests":[{"digest":"` + digest + `"},{"digest":"` + digest + `"}]}`, "it has 2 images, expected one"},
		{"a digest that is none", `{"manifests":[{"digest":"sha256:../x"}]}`, `reading OCI layout: "index.json"`},
		{"malformed", `{`, `reading OCI layout: "index.json"`},
	} {
		if _, err := Name(files(tt.json)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Name(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "reading OCI layout") {
		t.Errorf("no layout: %v", err)
	}
}

func TestWriteTar(t *testing.T) {
	var b, again bytes.Buffer
	if err := WriteTar(&b, files(`{}`)); err != nil {
		t.Fatal(err)
	}
	other := files(`{}`) // as another machine has it
	for _, f := range other {
		f.Mode, f.ModTime = 0o600, time.Unix(1234567890, 0)
	}
	if err := WriteTar(&again, other); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the same layout makes another archive, %v", err)
	}
	got := map[string]string{}
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[h.Name] = string(content)
	}
	if got["index.json"] != "{}" || got["blobs/x"] != "blob" || got["oci-layout"] != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("archive holds %q", got)
	}
}
