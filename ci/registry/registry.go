// Package registry reads a cargo registry through its sparse index and its download address
// (The Cargo Book, "Registry Index"). It changes nothing: cargo does the publishing.
package registry

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/transport"
)

// Registry is a client of a registry with a sparse index.
type Registry struct {
	// Index is the base URL of the index, ending in a slash.
	Index string
	// Token is sent if the index asks for it ("auth-required"), and only to the index's server.
	Token credential.Token

	client *http.Client
	config *config
}

// config is the index's config.json.
type config struct {
	DL           string `json:"dl"`
	API          string `json:"api"`
	AuthRequired bool   `json:"auth-required"`
}

// Version is one line of a crate's index file.
type Version struct {
	Name     string `json:"name"`
	Version  string `json:"vers"`
	Checksum string `json:"cksum"` // SHA-256 of the .crate file, in hexadecimal
	Yanked   bool   `json:"yanked"`
}

// Size limits in bytes.
const (
	maxIndex = 64 << 20
	// MaxCrate is the size limit of a .crate file in bytes, and of its unpacked content.
	MaxCrate = 512 << 20
)

// Open returns a client of the registry with the given index, in the form of cargo's
// configuration: "sparse+https://…". It reads the index's configuration.
func Open(ctx context.Context, index string, token credential.Token) (*Registry, error) {
	if err := address.Check("the registry's index", index); err != nil {
		return nil, err
	}
	base, ok := strings.CutPrefix(index, "sparse+")
	u, err := url.Parse(base)
	if !ok || err != nil || u.Host == "" {
		return nil, fmt.Errorf("opening the registry with index %q: expected a sparse index, like sparse+https://registry.example.org/index/", index)
	}
	r := &Registry{Index: strings.TrimSuffix(base, "/") + "/", Token: token, client: transport.NewCareful(time.Minute, 10*time.Minute)}
	raw, err := r.get(ctx, r.Index+"config.json", maxIndex)
	var status *StatusError
	if errors.As(err, &status) && status.Code == http.StatusUnauthorized && !token.Empty() {
		r.config = &config{AuthRequired: true}
		raw, err = r.get(ctx, r.Index+"config.json", maxIndex)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the registry: %w", err)
	}
	c := &config{}
	if err := json.Unmarshal(raw, c); err != nil || c.DL == "" {
		return nil, fmt.Errorf("opening the registry %q: its config.json is not valid: expected JSON with \"dl\"", r.Index)
	}
	r.config = c
	return r, nil
}

// SameConfig returns an error unless raw is a config.json equal to the registry's.
func (r *Registry) SameConfig(raw []byte) error {
	var c config
	if err := json.Unmarshal(raw, &c); err != nil || c != *r.config {
		return fmt.Errorf("opening the registry %q: its config.json is not the one that cargo has read", r.Index)
	}
	return nil
}

// CheckAddresses returns an error if cargo would send the token to a server other than the
// index's.
func (r *Registry) CheckAddresses() error {
	if err := r.Token.CheckAddresses(r.config.API, r.config.DL, r.config.AuthRequired); err != nil {
		return fmt.Errorf("opening the registry %q: %w", r.Index, err)
	}
	return nil
}

// StatusError is a response with a status other than 200.
type StatusError struct {
	Code int
	URL  string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s answers %d", e.URL, e.Code) }

func (r *Registry) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cache-Control", "no-cache") // a version published a second ago must be seen
	if r.config != nil && r.config.AuthRequired {
		if token := r.Token.At(req.URL); token != "" {
			req.Header.Set("Authorization", token)
		}
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &StatusError{resp.StatusCode, address}
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", address, limit)
	}
	return raw, err
}

// Versions returns all versions of a crate, or none if the registry does not have the crate.
func (r *Registry) Versions(ctx context.Context, crate string) ([]Version, error) {
	raw, err := r.get(ctx, r.Index+indexPath(crate), maxIndex)
	var status *StatusError
	if errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone || status.Code == http.StatusUnavailableForLegalReasons) {
		return nil, nil // RFC 2789 and The Cargo Book, "Sparse Protocol": all three mean that it does not exist
	}
	if err != nil {
		return nil, fmt.Errorf("reading the index of crate %q: %w", crate, err)
	}
	var list []Version
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, maxIndex)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var v Version
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("reading the index of crate %q: %w", crate, err)
		}
		list = append(list, v)
	}
	return list, lines.Err()
}

// Find returns the version that the registry treats as equal to v. It may differ in build
// metadata: 1.0.0+a and 1.0.0 are the same to a registry.
func Find(versions []Version, v string) (Version, bool) {
	i := slices.IndexFunc(versions, func(other Version) bool { return withoutBuild(other.Version) == withoutBuild(v) })
	if i < 0 {
		return Version{}, false
	}
	return versions[i], true
}

func withoutBuild(version string) string {
	v, _, _ := strings.Cut(version, "+")
	return v
}

// indexPath returns the path of a crate's file in the index (The Cargo Book, "Index files").
func indexPath(crate string) string {
	name := strings.ToLower(crate)
	switch len(name) {
	case 1, 2:
		return fmt.Sprintf("%d/%s", len(name), name)
	case 3:
		return "3/" + name[:1] + "/" + name
	}
	return name[:2] + "/" + name[2:4] + "/" + name
}

// Download returns the .crate file of a version.
func (r *Registry) Download(ctx context.Context, v Version) ([]byte, error) {
	raw, err := r.get(ctx, r.downloadURL(v), MaxCrate)
	if err != nil {
		return nil, fmt.Errorf("downloading crate %q %s: %w", v.Name, v.Version, err)
	}
	return raw, nil
}

// downloadURL expands the template "dl" of the index's configuration (The Cargo Book, "Index
// Configuration").
func (r *Registry) downloadURL(v Version) string {
	prefix := strings.TrimSuffix(indexPath(v.Name), "/"+strings.ToLower(v.Name))
	filled := strings.NewReplacer("{crate}", v.Name, "{version}", v.Version, "{prefix}", indexPrefix(v.Name, prefix), "{lowerprefix}", prefix, "{sha256-checksum}", v.Checksum).Replace(r.config.DL)
	if filled == r.config.DL {
		return r.config.DL + "/" + v.Name + "/" + v.Version + "/download"
	}
	return filled
}

// indexPrefix returns the crate's directory in the index without lowercasing the name.
func indexPrefix(crate, lower string) string {
	if len(crate) < 4 {
		return strings.ReplaceAll(lower, strings.ToLower(crate[:1]), crate[:1])
	}
	return crate[:2] + "/" + crate[2:4]
}
