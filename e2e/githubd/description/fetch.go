// Package description checks requests and responses against GitHub's own OpenAPI
// description of its REST API.
package description

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"dagger/slipway/e2e/flock"
)

// The npm package with GitHub's description, pinned by the registry's integrity digest, and
// the only member of it that is used, with its digest.
const (
	pkg       = "@octokit/openapi"
	release   = "23.0.2"
	integrity = "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
	member    = "package/generated/api.github.com.json"
	memberSum = "829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a"
)

// read returns the description. The first call on a machine downloads the package, 29 MB,
// with npm; the needed file is kept in the user's cache directory. Processes may call it
// concurrently.
func read() ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	dir := filepath.Join(cache, "slipway-e2e", "octokit-openapi-"+release)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	unlock, err := flock.Take(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	defer unlock()
	path := filepath.Join(dir, "description.json")
	raw, err := os.ReadFile(path)
	if err == nil && sum(raw) == memberSum {
		return raw, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	if raw, err = fetch(dir); err != nil {
		return nil, fmt.Errorf("fetching %s@%s: %w", pkg, release, err)
	}
	return raw, keep(path, raw)
}

// fetch downloads the package with npm below dir and returns the description.
func fetch(dir string) ([]byte, error) {
	work, err := os.MkdirTemp(dir, "fetching-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", work, pkg+"@"+release)
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running npm pack: %w; expected that npm is installed and reaches its registry:\n%s", err, bytes.TrimSpace(out))
	}
	tarballs, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(tarballs) != 1 {
		return nil, fmt.Errorf("npm pack left %q; expected one tarball", tarballs)
	}
	tarball, err := os.ReadFile(tarballs[0])
	if err != nil {
		return nil, err
	}
	digest := sha512.Sum512(tarball)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(digest[:]); got != integrity {
		return nil, fmt.Errorf("the tarball has integrity %q; expected %q", got, integrity)
	}
	return extract(tarball)
}

// extract returns the needed member of the tarball.
func extract(tarball []byte) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for %q: %w", member, err)
		}
		if header.Name != member {
			continue
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", member, err)
		}
		if got := sum(raw); got != memberSum {
			return nil, fmt.Errorf("%q has SHA-256 %q; expected %q", member, got, memberSum)
		}
		return raw, nil
	}
}

// keep writes a file atomically.
func keep(path string, content []byte) error {
	whole := path + ".new"
	if err := os.WriteFile(whole, content, 0o644); err != nil {
		return fmt.Errorf("keeping GitHub's description: %w", err)
	}
	if err := os.Rename(whole, path); err != nil {
		return fmt.Errorf("keeping GitHub's description: %w", err)
	}
	return nil
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
