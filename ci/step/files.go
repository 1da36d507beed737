package step

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Files maps slash-separated paths to contents.
type Files map[string]string

// MarshalJSON writes each file as its digest, "sha256:…", and a removed file as "".
func (f Files) MarshalJSON() ([]byte, error) {
	digests := make(map[string]string, len(f))
	for name, content := range f {
		if content == "" {
			digests[name] = ""
			continue
		}
		sum := sha256.Sum256([]byte(content))
		digests[name] = "sha256:" + hex.EncodeToString(sum[:])
	}
	return json.Marshal(digests)
}

// UnmarshalJSON always returns an error: a plan read from JSON lacks the contents to run with.
func (f *Files) UnmarshalJSON([]byte) error {
	return fmt.Errorf("reading files of a plan: JSON has only their digests: plan again from the workspace")
}
