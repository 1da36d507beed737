// Package toolchain makes slipway's own toolchain images: Debian's C compilers and tools, and Rust
// with the musl targets and wasm32-wasip1. Rust is Debian's, so that every byte of the image comes
// from signed packages, or a release that rustup's distribution server has.
package toolchain

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"strings"
)

// Name selects slipway's own image with Debian's Rust where an image reference is expected.
const Name = "debian"

// Base is the image whose apt downloads the packages where the machine is no Debian. Nothing of it
// is part of the result, so its tag may move.
const Base = "debian:bookworm-slim"

//go:embed recipe
var files embed.FS

// Channel is the release of Debian's Rust.
var Channel = strings.TrimSpace(read("channel"))

// repository is the name that all images have before the tag.
const repository = "slipway/toolchain:"

// Rust is the Rust in an image: a release of rustup's distribution server, or Debian's if it is
// zero.
type Rust struct {
	Channel  string `json:"channel"`  // one that does not move: see [rustup.Release]
	Manifest string `json:"manifest"` // the SHA-256 of its manifest, in hexadecimal
}

// Release returns the channel, or Debian's release.
func (r Rust) Release() string { return cmp.Or(r.Channel, Channel) }

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

// Reference returns the name of the image with Debian's Rust.
func Reference() string { return Rust{}.Reference() }

// Makes reports whether a reference names the image that slipway makes with this Rust.
func (r Rust) Makes(reference string) bool { return reference == r.Reference() }

// IsOwn reports whether a reference names an image that slipway makes, with whatever Rust.
func IsOwn(reference string) bool { return strings.HasPrefix(reference, repository) }

// Reference returns the name of the image that the recipe makes with this Rust; equal recipes and
// releases give equal names.
func (r Rust) Reference() string { return repository + r.Release() + "-" + r.Digest()[:12] }

// Digest returns the SHA-256 in hex of all files of the recipe and of the release's manifest.
func (r Rust) Digest() string {
	sum := sha256.New()
	for _, name := range names() {
		text := read(name)
		sum.Write([]byte(name + "\x00" + text + "\x00"))
	}
	if r != (Rust{}) {
		sum.Write([]byte("rust\x00" + r.Channel + "\x00" + r.Manifest + "\x00"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
