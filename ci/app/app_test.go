package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/gittest"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/sign"
)

// demo returns the options for the example's crate with binaries.
func demo() OneCrate { return OneCrate{Subject: Subject{Crate: "shim-demo", Version: "0.1.0"}} }

// identity returns how a token signs.
func identity() Signing { return Signing{IdentityToken: text("a.b.c")} }

// remote returns where a release goes.
func remote() Remotes { return Remotes{Repository: "containerd/runwasi", GitHubToken: text("t")} }

// TestBeforeAnythingIsBuilt checks the errors that come before runners are opened, and those that
// come before the workspace is read.
func TestBeforeAnythingIsBuilt(t *testing.T) {
	read := example(t)
	if _, err := read.Source(t.Context(), Root{}); err != nil {
		t.Fatal(err)
	}
	digest := "sha256:" + strings.Repeat("0", 64)
	set := Directory{Name: "there", Set: true}
	badKey := Signing{Key: File{Name: "k", Read: func(context.Context) ([]byte, error) { return nil, errors.New("is gone") }}}
	for name, tt := range map[string]struct {
		v    Verb
		read bool // the workspace is read
		want string
	}{
		"release without a repository":     {&Release{OneCrate: demo(), Signing: identity()}, true, "name the repository (--repository owner/name)"},
		"release without an identity":      {&Release{OneCrate: demo(), Remotes: remote()}, true, sign.ErrNoToken.Error()},
		"release of what another staged":   {&Release{OneCrate: demo(), Staged: given(set, digest)}, false, "checking --staged: it requires a dry run"},
		"release of an empty directory":    {&Release{OneCrate: demo(), DryRun: true, Dist: Directory{Set: true}}, false, "checking --dist: it is empty: name the directory whose artifacts are published"},
		"digest without a directory":       {&Release{OneCrate: demo(), DryRun: true, DistDigest: digest}, false, "checking --dist: it is empty"},
		"malformed digest of a directory":  {&Release{OneCrate: demo(), DryRun: true, Dist: set, DistDigest: "0"}, false, `reading the digest "0"`},
		"empty identity token":             {&Release{OneCrate: demo(), Signing: Signing{IdentityToken: text(""), RequestURL: text("https://x.example.org"), RequestToken: text("t")}, Remotes: remote()}, true, "reading the identity token: it is empty"},
		"empty key":                        {&Release{OneCrate: demo(), Signing: Signing{IdentityToken: text("a.b.c"), Key: File{Name: "k", Read: func(context.Context) ([]byte, error) { return nil, nil }}}, Remotes: remote()}, true, `reading the signing key "k": it is empty`},
		"prebuilt without who signed":      {&Release{OneCrate: demo(), DryRun: true, Dist: set}, false, `checking the artifacts in "there": checking who must have signed`},
		"key that cannot be read":          {&Release{OneCrate: demo(), Signing: badKey, Remotes: remote()}, true, `reading the signing key "k": is gone`},
		"private log without its root":     {&Release{OneCrate: demo(), Signing: Signing{IdentityToken: text("a.b.c"), RekorURL: "https://rekor.example.org"}, Remotes: remote()}, true, "without its trusted root"},
		"dist without an identity":         {&Dist{OneCrate: demo()}, true, sign.ErrNoToken.Error()},
		"staged with a malformed digest":   {&Dist{OneCrate: demo(), Signing: identity(), Staged: given(set, "0")}, true, `reading the digest "0"`},
		"staged by nobody":                 {&Dist{OneCrate: demo(), Signing: identity(), Staged: given(set, digest)}, true, `"there"`},
		"crate with a version":             {&Test{OneCrate: OneCrate{Subject: Subject{Crate: "shim-demo@0.1.0", Version: "0.1.0"}}}, false, `checking crate name "shim-demo@0.1.0"`},
		"another version":                  {&Test{OneCrate: OneCrate{Subject: Subject{Crate: "shim-demo", Version: "9.9.9"}}}, true, "9.9.9"},
		"train without an identity":        {&Train{Remotes: remote(), Crates: []string{"shim-demo"}}, true, sign.ErrNoToken.Error()},
		"train without a repository":       {&Train{Signing: identity(), Crates: []string{"shim-demo"}}, true, "name the repository"},
		"train and a stranger's first":     {&Train{DryRun: true, Crates: []string{"shimkit"}, Initial: []string{"fetcher"}}, true, "fetcher"},
		"images without an identity":       {&Images{Version: "0.1.0"}, true, sign.ErrNoToken.Error()},
		"images of an empty directory":     {&Images{Version: "0.1.0", DryRun: true, Dist: Directory{Set: true}}, true, "name the directory whose images are released"},
		"verify nothing":                   {&Verify{}, false, "name files or directories"},
		"verify with nobody's signature":   {&Verify{Paths: []string{"x"}}, false, "checking who must have signed"},
		"reproduce what is nowhere":        {&Reproduce{OneCrate: demo()}, false, "name the repository"},
		"reproduce with nobody's key":      {&Reproduce{OneCrate: demo(), Repository: "a/b", Released: Released{Key: badKey.Key}}, false, `reading the public key "k": is gone`},
		"order of no crate":                {&Order{Crate: "nobody"}, true, "nobody"},
		"prepare the version of the crate": {&Prepare{Crate: "shim-demo", Version: "0.1.0"}, true, "0.1.0"},
		"build":                            {&Build{OneCrate: demo()}, true, errOpened.Error()},
		"dry run":                          {&Release{OneCrate: demo(), DryRun: true}, true, errOpened.Error()},
		"release":                          {&Release{OneCrate: demo(), Signing: identity(), Remotes: remote()}, true, errOpened.Error()},
		"dist":                             {&Dist{OneCrate: demo(), Signing: identity()}, true, errOpened.Error()},
		"train":                            {&Train{Signing: identity(), Remotes: remote(), Crates: []string{"shim-demo"}}, true, errOpened.Error()},
		"train of libraries, unsigned":     {&Train{Remotes: remote(), Crates: []string{"shimkit"}}, true, errOpened.Error()},
		"images":                           {&Images{Version: "0.1.0", DryRun: true}, true, errOpened.Error()},
		"images, staged":                   {&Images{Version: "0.1.0", Stage: true}, true, errOpened.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			h := nothing(t)
			if tt.read {
				h.dir, h.source = read.dir, read.source
			}
			_, err := tt.v.Run(t.Context(), h)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, expected %q", err, tt.want)
			}
			if opened := tt.want == errOpened.Error(); opened != (h.job != nil) {
				t.Errorf("runners are opened: %v", h.job != nil)
			}
		})
	}
}

func given(dir Directory, digest string) Staged { return Staged{Staged: dir, StagedDigest: digest} }

// TestFindings checks that what stops a release stops it before anything is built, and no dry
// run.
func TestFindings(t *testing.T) {
	h := example(t)
	gittest.Run(t, h.dir, "checkout", "--quiet", "-b", "other")
	if err := os.WriteFile(filepath.Join(h.dir, "crates", "shim-demo", "more.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, v := range []Verb{&Release{OneCrate: demo(), Signing: identity(), Remotes: remote()}, &Dist{OneCrate: demo(), Signing: identity()}, &Images{Version: "0.1.0", Signing: identity()}} {
		if _, err := v.Run(t.Context(), h); err == nil || errors.Is(err, errOpened) || !strings.Contains(err.Error(), "commit") {
			t.Errorf("%T: %v", v, err)
		}
	}
	for _, v := range []Verb{&Release{OneCrate: demo(), DryRun: true}, &Stage{OneCrate: demo()}, &Images{Version: "0.1.0", DryRun: true}} {
		if _, err := v.Run(t.Context(), h); !errors.Is(err, errOpened) {
			t.Errorf("%T: %v", v, err)
		}
	}
}

// TestDryRunReadsNoSecret checks that a run that releases nothing reads no secret, and that its
// steps get none.
func TestDryRunReadsNoSecret(t *testing.T) {
	for _, v := range []Verb{&Plan{Subject: demo().Subject}, &Release{OneCrate: demo(), DryRun: true}, &Stage{OneCrate: demo()}, &Train{DryRun: true}, &Images{Version: "0.1.0", DryRun: true}} {
		h := example(t)
		h.tokens = map[string]string{credential.Variable(""): "token"}
		for _, o := range Options(v) {
			if to, ok := o.Value.(*Secret); ok {
				*to = unread(t)
			}
		}
		if _, err := v.Run(t.Context(), h); err != nil && !errors.Is(err, errOpened) {
			t.Errorf("%T: %v", v, err)
		}
		if h.job == nil {
			continue
		}
		for _, c := range h.job.Plan.Crates {
			if got := h.job.Secrets(c); len(got) != 0 {
				t.Errorf("%T: the steps of %s get %v", v, c.Name, got)
			}
		}
	}
}

// TestStoppedReadsNoSecret checks that a release that its plan stops asks for no token.
func TestStoppedReadsNoSecret(t *testing.T) {
	other := OneCrate{Subject: Subject{Crate: "shim-demo", Version: "9.9.9"}}
	for _, v := range []Verb{&Release{OneCrate: other}, &Dist{OneCrate: other}, &Train{Crates: []string{"shim-demo@9.9.9"}}, &Images{Version: "x"}} {
		for _, o := range Options(v) {
			if to, ok := o.Value.(*Secret); ok {
				*to = unread(t)
			}
		}
		h := example(t)
		if _, err := v.Run(t.Context(), h); err == nil || errors.Is(err, sign.ErrNoToken) || h.job != nil {
			t.Errorf("%T: %v, runners %v", v, err, h.job)
		}
	}
}

// TestTokenReachesTheStep checks that a release gives crates.io's token to the steps of a crate
// that goes there, and of no other.
func TestTokenReachesTheStep(t *testing.T) {
	h := example(t)
	to := remote()
	to.RegistryToken = text("token")
	v := &Train{Signing: identity(), Remotes: to, Crates: []string{"shimkit", "shim-demo"}}
	if _, err := v.Run(t.Context(), h); !errors.Is(err, errOpened) {
		t.Fatal(err)
	}
	for _, c := range h.job.Plan.Crates {
		if got := h.job.Secrets(c)[plan.SecretRegistryToken]; c.Publish.Registry == "" && got.Reveal() != "token" {
			t.Errorf("%s gets %q", c.Name, got)
		}
	}
	other := &plan.Crate{Publish: plan.Publish{Registry: "other", Index: "sparse+https://registry.example.org/"}}
	if got := h.job.Secrets(other); len(got) != 0 {
		t.Errorf("another registry gets %v", got)
	}
}

// TestRemotes checks that a release knows which crates are new to their registry, and whether the
// caller has named the toolchain.
func TestRemotes(t *testing.T) {
	h := example(t)
	for name, named := range map[string]bool{"": false, "registry.example.org/image@sha256:" + strings.Repeat("a", 64): true} {
		w, to := Workspace{Toolchain: name}, remote()
		s := identity()
		from, err := w.plan(t.Context(), h, &s, plan.Request{Images: &plan.ImagesRequest{Version: "0.1.0", Names: []string{"demo-hello"}}})
		if err != nil {
			t.Fatal(err)
		}
		e := &execution{workspace: w}
		e.publishes(h, &s, &to, []string{"a"})
		r, done, err := e.open(t.Context(), h, from)
		if err != nil {
			t.Fatal(err)
		}
		if err := done(); err != nil || r.To.ToolchainNamed != named || !slices.Equal(r.To.Initial, []string{"a"}) || r.To.Again != "again" || r.Signer == nil {
			t.Errorf("%q: %v, %+v", name, err, r.To)
		}
	}
	if h.job != nil {
		t.Error("runners are opened, and there are no steps")
	}
}

// TestPlans checks that a plan is printed as text and as JSON with one digest, and that nothing
// runs for it.
func TestPlans(t *testing.T) {
	h := example(t)
	for _, v := range []interface {
		Verb
		json() *bool
	}{plain{&Plan{Subject: demo().Subject}}, train{&Train{Plan: true}}, images{&Images{Version: "0.1.0", Plan: true}}} {
		words, err := v.Run(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		*v.json() = true
		made, err := v.Run(t.Context(), h)
		if err != nil || made.Plan == "" || made.Plan != words.Plan || !json.Valid([]byte(made.Output)) || !strings.Contains(words.Output, words.Plan) {
			t.Errorf("%T: %v, %q and %q", v, err, made.Plan, words.Plan)
		}
	}
	if h.job != nil {
		t.Error("runners are opened")
	}
}

type (
	plain  struct{ *Plan }
	train  struct{ *Train }
	images struct{ *Images }
)

func (v plain) json() *bool  { return &v.JSON }
func (v train) json() *bool  { return &v.JSON }
func (v images) json() *bool { return &v.JSON }

// TestPrepare checks that changes are printed, or written, and returned either way.
func TestPrepare(t *testing.T) {
	h := example(t)
	changelog := filepath.Join(h.dir, "crates", "shim-demo", "CHANGELOG.md")
	old, err := os.ReadFile(changelog)
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(string(old), "## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- More.\n", 1)
	if err := os.WriteFile(changelog, []byte(more), 0o644); err != nil {
		t.Fatal(err)
	}
	v := &Prepare{Crate: "shim-demo", Version: "0.2.0"}
	made, err := v.Run(t.Context(), h)
	if err != nil || !strings.Contains(made.Output, "+version = \"0.2.0\"") || !strings.Contains(made.Files["crates/shim-demo/Cargo.toml"], "0.2.0") {
		t.Fatalf("%v: %s", err, made.Output)
	}
	v.Write = true
	made, err = v.Run(t.Context(), h)
	raw, read := os.ReadFile(filepath.Join(h.dir, "crates", "shim-demo", "Cargo.toml"))
	if err != nil || read != nil || string(raw) != made.Files["crates/shim-demo/Cargo.toml"] || !strings.Contains(made.Output, "is prepared") {
		t.Errorf("%v, %v: %s", err, read, made.Output)
	}
}

// TestWorkflows checks what is printed before and after the workflows are written.
func TestWorkflows(t *testing.T) {
	h := example(t)
	v := &Workflows{Slipway: "owner/name@" + strings.Repeat("a", 40), Check: true}
	if _, err := v.Run(t.Context(), h); err == nil || !strings.Contains(err.Error(), "out of date: .github/") {
		t.Errorf("the check says %v", err)
	}
	v.Check, v.Write = false, true
	made, err := v.Run(t.Context(), h)
	if err != nil || !strings.HasSuffix(made.Output, "files changed\n") || len(made.Files) == 0 {
		t.Errorf("%v: %s", err, made.Output)
	}
	v.Check, v.Write, v.Slipway = true, false, ""
	if made, err = v.Run(t.Context(), h); err != nil || made.Output != "the workflows are up to date\n" {
		t.Errorf("%v: %s", err, made.Output)
	}
}

// TestTold checks what is told of runs that failed, and to whom.
func TestTold(t *testing.T) {
	failed, good := &report.Report{Plan: "sha256:0", Error: "half of it"}, &report.Report{Plan: "sha256:0"}
	stop := errors.New("stop")
	for name, tt := range map[string]struct {
		json    bool
		s       *report.Report
		err     error
		printed bool
	}{
		"good": {false, good, nil, true}, "good, as JSON": {true, good, nil, true},
		"failed": {false, failed, stop, false}, "failed, for programs": {true, failed, stop, true},
		"nothing done, for programs": {true, good, stop, false},
	} {
		made, err := Output{JSON: tt.json}.told(tt.s, "out", tt.err)
		if !errors.Is(err, tt.err) || (made.Output != "") != tt.printed || made.Plan != "sha256:0" || made.Markdown == "" {
			t.Errorf("%s: %v, %+v", name, err, made)
		}
	}
}

// TestVerdicts checks that what could not be compared is not told from an error alone.
func TestVerdicts(t *testing.T) {
	for _, v := range []Verb{&Verify{Paths: []string{"x"}}, &Reproduce{OneCrate: demo()}} {
		if made, err := v.Run(t.Context(), nothing(t)); err == nil || made.Verdict != Unknown {
			t.Errorf("%T: %v, %v", v, made.Verdict, err)
		}
	}
	if made, err := (&Verify{}).Run(t.Context(), nothing(t)); err == nil || made.Verdict != Good {
		t.Errorf("wrong use: %v, %v", made.Verdict, err)
	}
}

// TestReproduceSignedWith checks that a release's own services go before those of the module.
func TestReproduceSignedWith(t *testing.T) {
	v := &Reproduce{Signing: Signing{FulcioURL: "https://f", RekorURL: "https://r"}, Fulcio: "https://other"}
	if s := v.signedWith(); s.FulcioURL != "https://other" || s.RekorURL != "https://r" || s.how() != plan.SignedKeyless {
		t.Errorf("%q %q %q", s.FulcioURL, s.RekorURL, s.how())
	}
	v.Released.Key = File{Read: func(context.Context) ([]byte, error) { return nil, nil }}
	if s := v.signedWith(); s.how() != plan.SignedByKey {
		t.Error("the key is not in the plan")
	}
}
