// Package rustup reads the channels of Rust from a distribution server, by the files from which
// rustup installs them (The rustup book, "Channels" and RUSTUP_DIST_SERVER in "Environment
// variables").
package rustup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/transport"
	"dagger/slipway/ci/triple"
)

// DefaultServer is the distribution server that rustup uses unless told otherwise. Manifests name
// it in all addresses, also those of a mirror.
const DefaultServer = "https://static.rust-lang.org"

// Release is a release that does not move.
type Release struct {
	// Channel names it as a toolchain file may: "1.86.0", "nightly-2026-05-01".
	Channel string
	// Manifest is the SHA-256 of its manifest in hexadecimal.
	Manifest string
	// Archives are the files from which it is installed: the compiler and cargo for [Host], and the
	// standard library for that and for the targets of a release.
	Archives []Archive
}

// Archive is a file of a release.
type Archive struct {
	URL    string
	SHA256 string // in hexadecimal
}

// Server is a distribution server. It is asked once: a plan does not wait for one out of reach.
type Server struct {
	root   string // without a slash at the end
	client *http.Client
}

// timeout is how long one manifest may take.
const timeout = 30 * time.Second

// Open returns the server at an address, "" for the default one.
func Open(root string) (*Server, error) {
	if root == "" {
		root = DefaultServer
	}
	if err := address.Check("rustup's distribution server (--rustup-dist-server)", root); err != nil {
		return nil, err
	}
	if u, err := url.Parse(root); err != nil || u.Scheme != "https" && u.Scheme != "http" || !urlForm.MatchString(root) {
		return nil, fmt.Errorf("checking rustup's distribution server %s (--rustup-dist-server): expected an address like %s", quote.Line(root), DefaultServer)
	}
	return &Server{strings.TrimRight(root, "/"), &http.Client{Timeout: timeout, CheckRedirect: transport.CheckRedirect}}, nil
}

// Resolve returns the release that a channel stands for now. channel is one that a toolchain file
// may name: a version with or without the patch number, or stable, beta or nightly, with or without
// a date.
func (s *Server) Resolve(ctx context.Context, channel string) (Release, error) {
	r, err := s.resolve(ctx, channel)
	if err != nil {
		err = fmt.Errorf("asking %s for Rust's channel %q: %w", s.root, channel, err)
	}
	return r, err
}

func (s *Server) resolve(ctx context.Context, channel string) (Release, error) {
	m, sum, err := s.manifest(ctx, channel)
	if err != nil {
		return Release{}, err
	}
	fixed, err := m.fixed(channel)
	if err != nil {
		return Release{}, err
	}
	if fixed != channel { // its own manifest is the one that never changes
		if m, sum, err = s.manifest(ctx, fixed); err != nil {
			return Release{}, err
		}
		if again, err := m.fixed(fixed); err != nil || again != fixed {
			return Release{}, errors.Join(fmt.Errorf("the manifest of %q is one of another release, %q", fixed, again), err)
		}
	}
	return s.release(m, fixed, sum)
}

// release lists what to install. Addresses of the default server become this one's, as for rustup.
func (s *Server) release(m *manifest, channel, sum string) (Release, error) {
	list, err := m.archives(triple.Triples(), []string{triple.Wasm})
	if err != nil {
		return Release{}, fmt.Errorf("its manifest: %w", err)
	}
	for i := range list {
		if rest, ok := strings.CutPrefix(list[i].URL, DefaultServer+"/"); ok {
			list[i].URL = s.root + "/" + rest
		}
	}
	return Release{Channel: channel, Manifest: sum, Archives: list}, nil
}

var (
	exactForm = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	datedForm = regexp.MustCompile(`^(stable|beta|nightly)-([0-9]{4}-[0-9]{2}-[0-9]{2})$`)
	dateForm  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// fixed returns the name that always stands for the manifest's release. A version has one release;
// beta and nightly have one a day.
func (m *manifest) fixed(channel string) (string, error) {
	release, err := m.release()
	if err != nil {
		return "", err
	}
	name, _, dated := strings.Cut(channel, "-")
	switch name {
	case "beta", "nightly":
		if dated {
			return channel, nil
		}
		if !dateForm.MatchString(m.Date) {
			return "", fmt.Errorf("its manifest is of %s, expected a date", quote.Line(m.Date))
		}
		return name + "-" + m.Date, nil
	}
	if !exactForm.MatchString(release) {
		return "", fmt.Errorf("its manifest is of release %q, expected a stable one", release)
	}
	if exactForm.MatchString(channel) && channel != release || name != "stable" && !strings.HasPrefix(release+".", channel+".") {
		return "", fmt.Errorf("its manifest is of release %q", release)
	}
	return release, nil
}

// Location returns where a server has a channel's manifest.
func Location(server, channel string) string {
	if m := datedForm.FindStringSubmatch(channel); m != nil {
		return fmt.Sprintf("%s/dist/%s/channel-rust-%s.toml", server, m[2], m[1])
	}
	return fmt.Sprintf("%s/dist/channel-rust-%s.toml", server, channel)
}

// Bounds of what is read: the largest manifests, of nightlies, have a megabyte.
const (
	maxManifest = 32 << 20
	maxHash     = 4 << 10
)

// ErrNoChannel is wrapped by the error for a channel that the server does not have.
var ErrNoChannel = errors.New("the server has no such channel")

// manifest reads a channel's manifest, and compares it with the hash that lies beside it.
func (s *Server) manifest(ctx context.Context, channel string) (*manifest, string, error) {
	at := Location(s.root, channel)
	said, err := s.get(ctx, at+".sha256", maxHash)
	if err != nil {
		return nil, "", err
	}
	raw, err := s.get(ctx, at, maxManifest)
	if err != nil {
		return nil, "", err
	}
	digest := sha256.Sum256(raw)
	sum := hex.EncodeToString(digest[:])
	if words := strings.Fields(string(said)); len(words) == 0 || words[0] != sum {
		return nil, "", fmt.Errorf("its manifest has SHA-256 %s, and the file %s says another: try again later, or ask the server's owner", sum, at+".sha256")
	}
	m, err := parse(raw)
	if err != nil {
		return nil, "", fmt.Errorf("reading its manifest: %w", err)
	}
	return m, sum, nil
}

func (s *Server) get(ctx context.Context, at string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, ErrNoChannel
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %q", at, resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", at, limit)
	}
	return raw, err
}
