package rustup

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/tomlfile"
)

// manifest is the part of a channel's manifest that installing takes (rust-lang/rust,
// src/tools/build-manifest, manifest version 2).
type manifest struct {
	Version string                     `toml:"manifest-version"`
	Date    string                     `toml:"date"`
	Pkg     map[string]manifestPackage `toml:"pkg"`
}

// manifestPackage is a component for each target that it exists for; one that is the same for all
// has the target "*".
type manifestPackage struct {
	Version string                     `toml:"version"` // like "1.86.0 (05f9846f8 2025-03-31)"
	Target  map[string]manifestArchive `toml:"target"`
}

type manifestArchive struct {
	Available bool   `toml:"available"`
	URL       string `toml:"url"`
	Hash      string `toml:"hash"`
	XZURL     string `toml:"xz_url"`
	XZHash    string `toml:"xz_hash"`
}

func parse(raw []byte) (*manifest, error) {
	var m manifest
	if err := tomlfile.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if m.Version != "2" {
		return nil, fmt.Errorf("its version is %s, expected \"2\"", quote.Line(m.Version))
	}
	return &m, nil
}

var releaseForm = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[a-z]+(\.[0-9]+)?)?$`)

// release returns the release of the compiler, like "1.86.0" or "1.90.0-nightly".
func (m *manifest) release() (string, error) {
	number, _, _ := strings.Cut(m.Pkg["rustc"].Version, " ")
	if !releaseForm.MatchString(number) {
		return "", fmt.Errorf("its compiler has version %s, expected a release such as 1.86.0", quote.Line(m.Pkg["rustc"].Version))
	}
	return number, nil
}

// Host is the platform of the compiler: that of the images that crates are built in.
const Host = "x86_64-unknown-linux-gnu"

// archives returns what a compiler for the targets consists of. Targets of wanted that the release
// has no standard library for are left out if they are optional.
func (m *manifest) archives(targets, optional []string) ([]Archive, error) {
	var list []Archive
	var wrong []error
	add := func(component, target string, optional bool) {
		a, ok := m.Pkg[component].Target[target]
		if !ok || !a.Available {
			if !optional {
				wrong = append(wrong, fmt.Errorf("it has no %s for %s", component, target))
			}
			return
		}
		made, err := a.archive()
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s for %s: %w", component, target, err))
		}
		list = append(list, made)
	}
	add("rustc", Host, false)
	add("cargo", Host, false)
	for _, t := range append([]string{Host}, targets...) {
		add("rust-std", t, slices.Contains(optional, t))
	}
	return list, errors.Join(wrong...)
}

// hashForm matches a SHA-256 in hexadecimal, and urlForm an address that is safe in a list of words.
var (
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	urlForm  = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/%+@-]+$`)
)

// archive prefers xz, as rustup does.
func (a manifestArchive) archive() (Archive, error) {
	made := Archive{URL: a.XZURL, SHA256: a.XZHash}
	if made.URL == "" {
		made = Archive{URL: a.URL, SHA256: a.Hash}
	}
	if !urlForm.MatchString(made.URL) || !hashForm.MatchString(made.SHA256) {
		return Archive{}, fmt.Errorf("its address is %s and its hash %s, expected an http address and a SHA-256", quote.Line(made.URL), quote.Line(made.SHA256))
	}
	return made, nil
}
