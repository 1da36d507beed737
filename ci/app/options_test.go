package app

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/verify"
)

// verbs are all verbs.
func verbs() []Verb {
	return []Verb{
		&Plan{}, &Build{}, &Test{}, &Stage{}, &Dist{}, &Release{}, &Train{}, &Images{}, &Verify{}, &Reproduce{}, &Prepare{}, &Workflows{}, &Order{}, &Toolchain{},
	}
}

// TestDeclarations checks that every declaration is complete, and that no verb has an option
// twice in one front end.
func TestDeclarations(t *testing.T) {
	for _, v := range verbs() {
		seen := map[string]bool{}
		for _, o := range Options(v) {
			name := fmt.Sprintf("%T.%s", v, o.Name)
			for front, has := range map[string]bool{"command": o.InCommand(), "module": o.InModule()} {
				if has && seen[front+o.Name] {
					t.Errorf("%s is declared twice for the %s", name, front)
				}
				seen[front+o.Name] = seen[front+o.Name] || has
			}
			if !slices.Contains([]string{"", "command", "module", "environment", "setup"}, o.Only) {
				t.Errorf("%s: only %q", name, o.Only)
			}
			if o.Help == "" && o.Only != "environment" {
				t.Errorf("%s has no help", name)
			}
			switch o.Value.(type) {
			case *string, *bool, *[]string, *Secret, *File, *Directory:
			default:
				t.Errorf("%s is a %T, of which no front end makes a flag", name, o.Value)
			}
		}
		for _, set := range append(Exclusive(v), Together(v)...) {
			for _, name := range set {
				if !seen["command"+name] {
					t.Errorf("%T: a rule names the option %q, which it has not", v, name)
				}
			}
		}
	}
}

// TestTags checks that every tag of every field is one that is read.
func TestTags(t *testing.T) {
	known := []string{"name", "help", "module", "default", "env", "required", "list", "complete", "parameter", "secret", "only", "exclusive", "together"}
	for _, v := range verbs() {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v).Elem()) {
			tags := string(f.Tag)
			for tags != "" {
				key, rest, _ := strings.Cut(strings.TrimSpace(tags), ":")
				if !slices.Contains(known, key) {
					t.Errorf("%T.%s has the tag %q", v, f.Name, key)
				}
				value, ok := f.Tag.Lookup(key)
				if !ok || !strings.HasPrefix(rest, fmt.Sprintf("%q", value)) {
					t.Fatalf("%T.%s: the tags are not well formed at %q", v, f.Name, tags)
				}
				tags = strings.TrimPrefix(rest, fmt.Sprintf("%q", value))
			}
		}
	}
}

// TestWordsOfVerify checks what declarations repeat from ci/verify, because a tag is a constant.
func TestWordsOfVerify(t *testing.T) {
	for _, o := range Options(&SignedBy{}) {
		for name, want := range map[string]string{"certificate-identity": "(default: " + verify.Workflow + " of", "runner-environment": verify.GitHubHosted + " (the default) or " + verify.SelfHosted} {
			if o.Name == name && !strings.Contains(o.Help, want) {
				t.Errorf("--%s: %q, expected it to say %q", o.Name, o.Help, want)
			}
		}
		if o.Name == "certificate-oidc-issuer" && o.Default != verify.Issuer {
			t.Errorf("--%s is %q by default, expected %q", o.Name, o.Default, verify.Issuer)
		}
	}
}

// TestSecretsAreHidden checks that no way of printing a verb shows its secrets.
func TestSecretsAreHidden(t *testing.T) {
	const secret = "s3cret-value"
	v := &Release{}
	for _, o := range Options(v) {
		if to, ok := o.Value.(*Secret); ok {
			*to = text(secret)
		}
	}
	v.Key = File{Name: "key", Read: func(context.Context) ([]byte, error) { return []byte(secret), nil }}
	shown := ""
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		shown += fmt.Sprintf(verb, v) + fmt.Sprintf(verb, *v)
	}
	if strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
		t.Errorf("the secret is in %s", shown)
	}
	if got, err := v.GitHubToken.read(t.Context()); got.Reveal() != secret || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Secret(nil).read(t.Context()); !got.Empty() || err != nil {
		t.Errorf("no secret is %q, %v", got, err)
	}
}

// TestCheck checks which options exclude and require each other.
func TestCheck(t *testing.T) {
	dir := Directory{Name: "d", Set: true}
	for name, tt := range map[string]struct {
		v    Verb
		want string
	}{
		"none":                       {&Release{}, ""},
		"one":                        {&Release{Dist: dir}, ""},
		"both, for a release":        {&Release{Dist: dir, Staged: Staged{Staged: dir, StagedDigest: "x"}}, "--dist: it is given together with --staged"},
		"both, for images":           {&Images{Dist: dir, Stage: true}, "--dist: it is given together with --stage"},
		"without its digest":         {&Dist{Staged: Staged{Staged: dir}}, "expected all of --staged, --staged-digest"},
		"without its directory":      {&Dist{Staged: Staged{StagedDigest: "x"}}, "expected all of --staged, --staged-digest"},
		"a directory without a name": {&Dist{Staged: Staged{Staged: Directory{Set: true}}}, "expected all of"},
		"to write and to propose":    {&Prepare{Write: true, Propose: true}, "--write: it is given together with --open-pull-request"},
	} {
		if err := Check(tt.v); tt.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, expected %q", name, err, tt.want)
		}
	}
}

// TestRegistries checks that crates.io's token is the verb's and that of others the host's.
func TestRegistries(t *testing.T) {
	h := &fakeHost{t: t, tokens: map[string]string{credential.Variable(""): "the host's", credential.Variable("other"): "other's"}}
	for want, own := range map[string]Secret{"own": text("own"), "": text(""), "the host's": nil} {
		r, err := registries(t.Context(), h, own)
		if err != nil || r.Lookup(credential.Variable("")) != want || r.Lookup(credential.Variable("other")) != "other's" {
			t.Errorf("%q, %q, %v; expected %q", r.Lookup(credential.Variable("")), r.Lookup(credential.Variable("other")), err, want)
		}
	}
}
