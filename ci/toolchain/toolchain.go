// Package toolchain makes slipway's own toolchain image: Rust with the musl
// targets and wasm32-wasip1, every byte from signed Debian packages.
package toolchain

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"strings"
)

// Name asks for slipway's own image where an image reference is expected.
const Name = "debian"

//go:embed recipe
var files embed.FS

// Channel is the Rust release that the image holds.
var Channel = strings.TrimSpace(read("channel"))

func read(name string) string {
	raw, err := files.ReadFile("recipe/" + name)
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	return string(raw)
}

// names lists the recipe's files, sorted.
func names() []string {
	entries, err := files.ReadDir("recipe")
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// Reference names the image that this recipe makes: equal recipes, equal names.
func Reference() string { return "slipway/toolchain:" + Channel + "-" + Digest()[:12] }

// Digest is the SHA-256, in hex, of everything that the recipe says.
func Digest() string {
	sum := sha256.New()
	for _, name := range names() {
		text := read(name)
		sum.Write([]byte(name + "\x00" + text + "\x00"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
