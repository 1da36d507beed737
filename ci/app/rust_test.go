package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/rustup"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/triple"
)

// rustServer is a distribution server whose channels all stand for one release.
func rustServer(t *testing.T, release string, channels ...string) *httptest.Server {
	t.Helper()
	text := fmt.Sprintf("manifest-version = \"2\"\ndate = \"2026-05-01\"\n[pkg.rustc]\nversion = \"%s (0123456789 2026-05-01)\"\n", release)
	component := func(name, target string) {
		text += fmt.Sprintf("[pkg.%s.target.%s]\navailable = true\nxz_url = \"%s/dist/%s-%s.tar.xz\"\nxz_hash = \"%064d\"\n", name, target, rustup.DefaultServer, name, target, 7)
	}
	component("rustc", rustup.Host)
	component("cargo", rustup.Host)
	for _, target := range append([]string{rustup.Host}, triple.Triples()...) {
		component("rust-std", target)
	}
	sum := sha256.Sum256([]byte(text))
	files := map[string]string{}
	for _, c := range append(channels, release) {
		path := strings.TrimPrefix(rustup.Location("", c), "/")
		files["/"+path], files["/"+path+".sha256"] = text, hex.EncodeToString(sum[:])
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := files[r.URL.Path]; ok {
			_, _ = fmt.Fprint(w, text)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// asking returns a host with a workspace whose toolchain file asks for a channel.
func asking(t *testing.T, channel string) *fakeHost {
	t.Helper()
	h := example(t)
	if err := os.WriteFile(filepath.Join(h.dir, "rust-toolchain.toml"), []byte("[toolchain]\nchannel = \""+channel+"\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestChannelIsMade checks that the runners are asked for an image with the release that the
// channel stands for.
func TestChannelIsMade(t *testing.T) {
	server := rustServer(t, "1.97.1", "stable", "1.97")
	for _, channel := range []string{"stable", "1.97", "1.97.1"} {
		h := asking(t, channel)
		v := &Release{}
		v.Crate, v.Version, v.RustServer, v.DryRun = "shim-core", "0.2.0", server.URL, true
		if _, err := v.Run(t.Context(), h); !errors.Is(err, errOpened) {
			t.Fatalf("%s: %v", channel, err)
		}
		rust := h.job.Image.Rust
		if rust.Channel != "1.97.1" || !rust.Makes(h.job.Plan.Toolchain) || h.job.Plan.Rust != rust || h.job.Plan.Channel != channel {
			t.Errorf("%s: the image is made with %+v, and the plan builds in %q with %+v", channel, rust, h.job.Plan.Toolchain, h.job.Plan.Rust)
		}
		if n := len(h.job.Image.Archives); n != 6 || !strings.HasPrefix(h.job.Image.Archives[0].URL, server.URL+"/dist/rustc-") {
			t.Errorf("%s: the archives are %+v", channel, h.job.Image.Archives)
		}
	}
}

// TestChannelOutOfReach checks that a dry run falls back to Debian's Rust and says so.
func TestChannelOutOfReach(t *testing.T) {
	for _, tt := range []struct {
		channel, server string
		stops           finding.Stops
		notes           int
	}{
		{"1.86.0", outOfReach, finding.Release, 1},
		{"1.86.0", rustServer(t, "1.97.1").URL, finding.Release, 0},
		{"stable", outOfReach, finding.Nothing, 1},
	} {
		h := asking(t, tt.channel)
		from, err := Workspace{RustServer: tt.server}.planOne(t.Context(), h, &Signing{}, Subject{"shim-core", "0.2.0"})
		if err != nil {
			t.Fatal(err)
		}
		if from.plan.Toolchain != toolchain.Reference() || len(from.notes) != tt.notes {
			t.Errorf("%s: the image is %q, the notes are %q", tt.channel, from.plan.Toolchain, from.notes)
		}
		found := false
		for _, f := range from.plan.Findings {
			found = found || f.File == "rust-toolchain.toml" && f.Stops == tt.stops && strings.Contains(f.What, tt.channel)
		}
		if !found {
			t.Errorf("%s: the findings are %+v", tt.channel, from.plan.Findings)
		}
	}
}

// TestChannelIsNotAsked checks that no server is asked where the image is chosen or the channel is
// that of Debian's Rust.
func TestChannelIsNotAsked(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true }))
	defer server.Close()
	for name, tt := range map[string]struct{ channel, image string }{
		"another image":  {"1.86.0", "registry.example/rust:1"},
		"Debian's image": {"1.86.0", toolchain.Name},
		"Debian's Rust":  {toolchain.Channel, ""},
	} {
		w := Workspace{RustServer: server.URL, Toolchain: tt.image}
		if _, err := w.planOne(t.Context(), asking(t, tt.channel), &Signing{}, Subject{"shim-core", "0.2.0"}); err != nil || asked {
			t.Errorf("%s: %v, the server was asked: %t", name, err, asked)
		}
	}
}

func TestMakeToolchainOfChannel(t *testing.T) {
	v := &Toolchain{Channel: "stable", RustServer: rustServer(t, "1.97.1", "stable").URL}
	if made, err := v.Run(t.Context(), &fakeHost{t: t}); err != nil || made.Dir != "made of  with Rust 1.97.1" {
		t.Errorf("%+v, %v", made, err)
	}
	v.Channel = "stable; rm"
	if _, err := v.Run(t.Context(), &fakeHost{t: t}); err == nil || !strings.Contains(err.Error(), "expected a version") {
		t.Errorf("a malformed channel: %v", err)
	}
}

// TestChannelGiven checks that a caller can keep what a moving channel stood for, and nothing else.
func TestChannelGiven(t *testing.T) {
	server := rustServer(t, "1.90.0")
	for channel, want := range map[string]string{
		"1.90.0":         "",
		"1.90":           "never stands for that",
		"nightly":        "never stands for that",
		"1.90.0; reboot": "expected a version",
	} {
		w := Workspace{RustServer: server.URL, Channel: channel}
		from, err := w.planOne(t.Context(), asking(t, "stable"), &Signing{}, Subject{"shim-core", "0.2.0"})
		switch {
		case want == "" && (err != nil || from.plan.Rust.Channel != channel || from.plan.Channel != "stable"):
			t.Errorf("--channel %s: %+v, %v", channel, from, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("--channel %s: %v, want %q", channel, err, want)
		}
	}
}
