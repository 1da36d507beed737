package engine

import (
	"path/filepath"
	"slices"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestDaggerPlans checks that `dagger call` prints the plan that the command prints, byte for byte
// and so with the same digest, of a crate, a train and images, for each way to sign.
func TestDaggerPlans(t *testing.T) {
	kit.Dagger(t)
	source, key := kit.Example(t), filepath.Join(t.TempDir(), "cosign.key")
	kit.InitRepository(t, source, "main")
	kit.Write(t, "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n", key)
	own := []string{"--fulcio-url", "https://fulcio.example.org", "--rekor-url", "https://rekor.example.org", "--timestamp-url", "https://tsa.example.org"}
	seen := map[string]string{}
	for how, signing := range map[string]struct{ module, command []string }{
		"keyless":            {},
		"a key":              {[]string{"with-signing", "--key", "file://" + key}, []string{"--key", key}},
		"a private sigstore": {append([]string{"with-signing"}, own...), own},
	} {
		for what, verb := range map[string][]string{
			"a crate": {"plan", "--crate", "shim-demo", "--version", "0.1.0"},
			"a train": {"release-train", "--crates", "shimkit,shim-core,shim-demo", "--plan"},
			"images":  {"release-demo-app", "--version", "0.1.0", "--plan"},
		} {
			t.Run(what+", "+how, func(t *testing.T) {
				here := kit.Command{Args: slices.Concat([]string{kit.Slipway}, verb, signing.command, []string{"--source", source, "--json"})}.Run(t).WantCode(t, 0)
				there := kit.CallModule(t, source, slices.Concat(signing.module, verb, []string{"--as-json"})...).Run(t).WantCode(t, 0)
				if there.Stdout != here.Stdout {
					t.Errorf("the module's plan is\n%s\nand the command's\n%s", there.Stdout, here.Stdout)
				}
				if other, twice := seen[here.Stdout]; twice || here.Stdout == "" {
					t.Errorf("the plan is that of %s", other)
				}
				seen[here.Stdout] = t.Name()
			})
		}
	}
}
