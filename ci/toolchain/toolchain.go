// Package toolchain makes slipway's own toolchain image: Rust with the musl targets and
// wasm32-wasip1, entirely from signed Debian packages.
package toolchain

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"strings"
)

// Name selects slipway's own image where an image reference is expected.
const Name = "debian"

//go:embed recipe
var files embed.FS

// Channel is the Rust release in the image.
var Channel = strings.TrimSpace(read("channel"))

func read(name string) string {
	raw, err := files.ReadFile("recipe/" + name)
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	return string(raw)
}

// names returns the names of the recipe's files, sorted.
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

// Reference returns the name of the image that this recipe makes; equal recipes give equal names.
func Reference() string { return "slipway/toolchain:" + Channel + "-" + Digest()[:12] }

// Digest returns the SHA-256 in hex of all files of the recipe.
func Digest() string {
	sum := sha256.New()
	for _, name := range names() {
		text := read(name)
		sum.Write([]byte(name + "\x00" + text + "\x00"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
