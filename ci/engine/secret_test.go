package engine

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/step"
)

// TestSecrets checks that a secret's value is in no query but the one that gives it to the engine,
// and that only the steps that have it get it.
func TestSecrets(t *testing.T) {
	const value = "t0ken\"'\n$x"
	r, e := newRunner(t, Options{Trees: trees, Secrets: step.Secrets{"registry": secret.New(value), "other": secret.New("0ther")}})
	if c := run(t, r, e, fetch); len(c.calls("withSecretVariable")) > 0 || strings.Contains(c.page(), secretPrefix) {
		t.Errorf("a step without secrets: %s", c.page())
	}
	if strings.Contains(strings.Join(e.queries, ""), "setSecret") {
		t.Errorf("a step without secrets gives the engine some")
	}
	c := run(t, r, e, publish)
	given := 0
	for _, q := range e.queries {
		is := strings.Contains(q, "setSecret")
		if is {
			given++
		} else if strings.Contains(q, "t0ken") {
			t.Errorf("the secret is in %s", q)
		}
		if strings.Contains(q, "0ther") {
			t.Errorf("the secret of no step is in %s", q)
		}
	}
	variables := c.calls("withSecretVariable")
	if given != 1 || len(variables) != 1 {
		t.Fatalf("given %d times, used %d times", given, len(variables))
	}
	secret := variables[0].args["secret"].(chain)
	if secret[0].text("plaintext") != value || variables[0].text("name") != "SLIPWAY_SECRET_CARGO_REGISTRY_TOKEN" {
		t.Errorf("%v", variables)
	}
	script, sandbox, own := c.command(t)
	if all := script + strings.Join(sandbox, " ") + strings.Join(own, " "); strings.Contains(all, "t0ken") || !contains(sandbox, []string{"--args", "5"}) {
		t.Errorf("the sandbox is %q, its script\n%s", sandbox, script)
	}
	if i := slices.IndexFunc(c, func(c call) bool { return c.name == "withSecretVariable" }); i > c.after() {
		t.Error("the secret is given after the command")
	}
}

// TestSecretNames checks that no secret of a session replaces another, which has the same variable
// in another step or runner: an engine knows them by their names.
func TestSecretNames(t *testing.T) {
	client, e := connect(t)
	other := publish
	other.Secrets = []step.Secret{{Env: publish.Secrets[0].Env, Name: "other"}}
	values := map[string]string{} // by name
	for _, secrets := range []step.Secrets{{"registry": secret.New("a"), "other": secret.New("b")}, {"registry": secret.New("c"), "other": secret.New("d")}} {
		r := New(Options{Client: client, Work: t.TempDir(), Source: client.Directory(), Trees: trees, Secrets: secrets})
		for _, s := range []step.Step{publish, other} {
			set := run(t, r, e, s).calls("withSecretVariable")[0].args["secret"].(chain)[0]
			values[set.text("name")] = set.text("plaintext")
		}
	}
	got := slices.Sorted(maps.Values(values))
	if !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("the engine is left with %q", values)
	}
}

// TestMissingSecret checks that a step does not run without its secret.
func TestMissingSecret(t *testing.T) {
	for _, secrets := range []step.Secrets{nil, {"registry": secret.New("")}, {"CARGO_REGISTRY_TOKEN": secret.New("x")}} {
		r, e := newRunner(t, Options{Trees: trees, Secrets: secrets})
		_, err := r.Run(t.Context(), publish)
		if err == nil || !strings.HasPrefix(err.Error(), `running step "publish": the secret "registry" was not `) {
			t.Errorf("%v: the error is %v", secrets, err)
		}
		if strings.Contains(strings.Join(e.queries, ""), "withExec") {
			t.Errorf("%v: it ran", secrets)
		}
	}
}
