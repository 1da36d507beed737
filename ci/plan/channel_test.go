package plan

import (
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/toolchain"
)

// TestChannel checks which image is built in for the channel of the toolchain file, and what a plan
// says if there is none with it.
func TestChannel(t *testing.T) {
	other := toolchain.Rust{Channel: "1.86.0", Manifest: strings.Repeat("a", 64)}
	const out = "rustup's distribution server could not be asked for it"
	for _, tt := range []struct {
		name, channel string
		req           Request
		image         string
		stops         finding.Stops // "" for no finding
		says          string
	}{
		{"found", "1.86.0", Request{Rust: other}, other.Reference(), "", ""},
		{"a moving one", "stable", Request{Rust: other}, other.Reference(), "", ""},
		{"missing", "1.86.0", Request{NoRust: out}, toolchain.Reference(), finding.Release, out},
		{"missing, and Debian's serves", "stable", Request{NoRust: out}, toolchain.Reference(), finding.Nothing, "Debian's Rust " + toolchain.Channel + " is taken for it"},
		{"Debian's asked for", "1.86.0", Request{Toolchain: toolchain.Name, Rust: other}, toolchain.Reference(), finding.Release, "slipway's own image has Rust"},
		{"another image asked for", "1.86.0", Request{Toolchain: "registry.example/rust:1", Rust: other}, "registry.example/rust:1", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := read(t, base(map[string]string{"rust-toolchain.toml": "[toolchain]\nchannel = \"" + tt.channel + "\"\n"}))
			tt.req.Crates = []string{"app@1.2.3"}
			p := newPlan(t, w, tt.req)
			if p.Plan.Toolchain != tt.image || p.Plan.Channel != tt.channel {
				t.Errorf("the image is %q for channel %q, want %q", p.Plan.Toolchain, p.Plan.Channel, tt.image)
			}
			if made := p.Plan.Rust != (toolchain.Rust{}); made != (tt.image == other.Reference()) {
				t.Errorf("the plan's Rust is %+v", p.Plan.Rust)
			}
			found := finding.List(nil)
			for _, f := range p.Plan.Findings {
				if f.File == "rust-toolchain.toml" {
					found = append(found, f)
				}
			}
			switch {
			case tt.says == "" && len(found) > 0:
				t.Errorf("findings: %+v", found)
			case tt.says != "" && (len(found) != 1 || found[0].Stops != tt.stops || !strings.Contains(found[0].What, tt.says) || found[0].Line != 2):
				t.Errorf("findings: %+v, want one that stops %v and says %q", found, tt.stops, tt.says)
			}
		})
	}
}

// TestChannelDigest checks that another release of a moving channel is another plan, and that the
// text says what the channel stands for.
func TestChannelDigest(t *testing.T) {
	w := read(t, base(map[string]string{"rust-toolchain.toml": "[toolchain]\nchannel = \"stable\"\n"}))
	digests := map[string]bool{}
	for _, rust := range []toolchain.Rust{{}, {Channel: "1.97.1", Manifest: strings.Repeat("a", 64)}, {Channel: "1.97.1", Manifest: strings.Repeat("b", 64)}, {Channel: "1.98.0", Manifest: strings.Repeat("a", 64)}} {
		p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, Rust: rust})
		digests[digest(t, p)] = true
		want := `channel "stable" is ` + rust.Channel + " now"
		if strings.Contains(planText(t, p), want) != (rust.Channel != "") {
			t.Errorf("the text of the plan with %+v, want %q:\n%s", rust, want, planText(t, p))
		}
	}
	if len(digests) != 4 {
		t.Errorf("4 plans have %d digests", len(digests))
	}
}

// TestChannelAccepts checks which compilers an image that was made for a channel may have.
func TestChannelAccepts(t *testing.T) {
	for _, tt := range []struct {
		asked, made, release string
		want                 bool
	}{
		{"stable", "1.97.1", "1.97.1", true},
		{"1.97", "1.97.1", "1.97.1", true},
		{"1.97", "1.97.1", "1.97.0", false},
		{"nightly", "nightly-2026-05-01", "1.99.0-nightly", true},
		{"nightly-2026-05-01", "nightly-2026-05-01", "1.99.0-nightly", true},
		{"nightly-2026-05-01", "nightly-2026-05-01", "1.98.0-beta.3", false},
		{"beta", "beta-2026-05-01", "1.98.0-beta.3", true},
		{"beta", "beta-2026-05-01", "1.98.0", false},
	} {
		w := read(t, base(map[string]string{"rust-toolchain": tt.asked + "\n"}))
		p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, Rust: toolchain.Rust{Channel: tt.made, Manifest: strings.Repeat("a", 64)}})
		if found := p.Crate.Accepts(tt.release); (len(found) == 0) != tt.want {
			t.Errorf("channel %q, made with %q, compiler %q: %+v", tt.asked, tt.made, tt.release, found)
		}
	}
}
