package actions

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/act"
)

// refusal matches the error for a hostile input.
var refusal = regexp.MustCompile(`slipway: ((reading|checking) version|checking crate|finding crate|invalid argument "" for "--(version|crate)" flag: it is empty)`)

// impossible matches the failure of a step whose input cannot be passed to a process: it
// has a NUL, or is longer than the system allows.
var impossible = regexp.MustCompile(`Failure - Main Build.*\n.* (fork/exec /\S*/bash: argument list too long|exec: environment variable contains NUL)`)

// code lists inputs that would create the file %s, or give the runner a command, if they
// became code of a shell, of JavaScript or of an expression.
var code = []string{
	"1.2; touch %s", "$(touch %s)", "`touch %s`", `"; touch %s; "`, `'; touch %s; '`, "1.2.3\ntouch %s", "1.2.3 && touch %s #",
	"${{ format('{0}', github.token) }}$(touch %s)", "::add-mask::%s", "1.2.3\n::set-output name=plan::%s", "'+require('fs').writeFileSync('%s','')+'",
}

// TestActionsHostile runs the workflows with hostile inputs, and checks that none runs as
// code and each fails with an error that says what is wrong.
func TestActionsHostile(t *testing.T) {
	a := act.New(t)
	a.UseBuilt(t)
	canary := filepath.Join(t.TempDir(), "canary")
	versions := []string{
		"", "1x2", "1.2", "v1.2.3", "01.2.3", "1.2.3-01", "0.1.0+b", strings.Repeat("9", 30) + ".0.0", "1.2; rm -rf", "$(id)", "`id`", `"`, "'",
		"0.1.0\n", "::add-mask::", "0.1.0\x00", strings.Repeat("1", 10<<20),
	}
	crates := []string{
		"", "../..", "--", "--dry-run=false", "-x", "/etc", "con", "shim-dеmo", "\u202eomed-mihs", "shim\u200b-demo", "shim_demo", "nothing", "serde",
		strings.Repeat("a", 10<<20),
	}
	for _, c := range code {
		if strings.Contains(c, "%s") {
			c = fmt.Sprintf(c, canary)
		}
		versions, crates = append(versions, c), append(crates, c)
	}
	refuse := func(workflow string, inputs map[string]string) {
		t.Helper()
		got := a.Run(t, workflow, inputs)
		value, want := inputs["crate"]+inputs["version"], refusal
		if strings.Contains(value, "\x00") || len(value) > 128<<10 {
			want = impossible
		}
		if got.Code == 0 || !want.MatchString(got.Stdout) || strings.Contains(got.Stdout, "Main Upload the build") {
			t.Errorf("%s with %.80q ended with status %d:\n%s", workflow, inputs, got.Code, kit.Tail(got.Stdout))
		}
		if _, err := os.Stat(canary); err == nil {
			t.Errorf("%s with %.80q ran it as code", workflow, inputs)
			_ = os.Remove(canary)
		}
	}
	for _, v := range versions {
		refuse("release.yml", map[string]string{"crate": "shim-demo", "version": v, "dry_run": "true"})
	}
	for _, c := range crates {
		refuse("release.yml", map[string]string{"crate": c, "version": "0.1.0", "dry_run": "true"})
	}
	for _, v := range []string{"v1.2.3", "$(touch " + canary + ")", "1.2.3\ntouch " + canary} {
		refuse("release-wasi-demo-app.yml", map[string]string{"version": v, "dry_run": "true"})
	}
}
