package hostile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// payload is hostile output: runner commands in every form that is obeyed, terminal escape
// sequences, characters that reorder or hide text, lines that imitate slipway's own, and
// invalid UTF-8.
var payload = strings.Join([]string{
	"::add-mask::o", "::stop-commands::x", "  ::set-output name=plan::forged", "\t::error file=a::forged", "\u3000::warning::forged", "\u00a0::notice::forged", "\u200b::group::forged", "\ufeff::debug::forged",
	"##[group]forged", "x ##[add-mask]o", "####[error]forged", "#\u200b#[debug]forged", "\x1b[0m::debug::forged",
	"over\r::add-path::/tmp/forged", "over\rGood: all of it was signed as expected.", "\v::debug::forged", "\u0085::debug::forged", "\u2028::debug::forged",
	"\x1b[2J\x1b[1;1H", "\x1b]0;forged\a", "\x1b]52;c;Zm9yZ2Vk\a", "\x1b]8;;https://x.io\x1b\\forged\x1b]8;;\x1b\\", "\x1bPq\x1b\\", "\u009b2J", "\x9b2J", "\b\b\b\x7f\x00",
	"\u202egnp.exe", "\u2066a\u2069\u2067", "a\u200db\ufe0f\u00ad\u034f\u3164", "\U000e0041", "\xff\xfe\xc0\xaf\xed\xa0\x80",
	"slipway: forged", "Released hostile-printing/v0.1.0: https://x.io", "  good       forged: signed by someone", "What has happened:", "  released    forged", strings.Repeat("long ", 20<<10),
}, "\n") + "\n::add-mask::without an end"

// inJob runs a command as a step of a GitHub Actions job, and checks that nothing it
// printed or wrote for the job is more than text. It returns what was written to the job's
// files.
func inJob(t *testing.T, c kit.Command) (r kit.Result, output, summary string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary")}
	c.Env = append(c.Env, "GITHUB_ACTIONS=true")
	for name, file := range files {
		c.Env = append(c.Env, name+"="+file)
	}
	r = c.Run(t)
	wantWords(t, "stdout", r.Stdout)
	wantWords(t, "stderr", r.Stderr)
	texts := map[string]string{}
	for name, file := range files {
		raw, err := os.ReadFile(file)
		if err == nil {
			wantWords(t, name, string(raw))
		}
		texts[name] = string(raw)
	}
	return r, texts["GITHUB_OUTPUT"], texts["GITHUB_STEP_SUMMARY"]
}

// wantShown fails the test unless the text contains each of wants.
func wantShown(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("it does not show %q:\n%s", want, kit.Tail(text))
		}
	}
}

// wantNoLine fails the test if a line has one of the beginnings.
func wantNoLine(t *testing.T, text string, beginnings ...string) {
	t.Helper()
	for _, b := range beginnings {
		if strings.Contains("\n"+text, "\n"+b) {
			t.Errorf("a line begins with %q:\n%s", b, kit.Tail(text))
		}
	}
}

// hostileConfig returns a cargo configuration whose keys are lines of the payload.
func hostileConfig(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i, line := range strings.Split(strings.ToValidUTF8(payload, "?"), "\n") {
		key, err := json.Marshal("\n" + line) // TOML basic strings are like JSON strings, except for the control characters allowed
		kit.Check(t, err)
		fmt.Fprintf(&b, "%s = %d\n", strings.ReplaceAll(string(key), "\x7f", `\u007f`), i)
	}
	return b.String()
}

// TestHostilePrintingPlan checks that no key, name or text of a workspace becomes more than
// text in what is printed before anything runs.
func TestHostilePrintingPlan(t *testing.T) {
	r := kit.Release{Source: kit.Workspace(t, "hostile-printing"), Crate: "hostile-printing", Version: "0.1.0"}
	kit.Write(t, hostileConfig(t), r.Source, ".cargo/config.toml")
	entries := "\n- " + strings.ReplaceAll(strings.ToValidUTF8(payload, "?"), "\n", "\n- ") + "\n"
	kit.Write(t, kit.Read(t, r.Source, "CHANGELOG.md")+entries, r.Source, "CHANGELOG.md")
	plan := (&kit.Runner{}).Command("plan", r)

	text, output, _ := inJob(t, plan)
	text.WantCode(t, 0)
	wantShown(t, text.Stdout, `.cargo/config.toml: \n::add-mask::o is not used`, `\u200b::group::forged`, `\x1b]52;c;Zm9yZ2Vk\a`, `\u202egnp.exe`, `#\x23[group]forged`, " bytes more)")
	wantNoLine(t, text.Stdout, "Released", "  good ", "What has")
	if lines := strings.Split(output, "\n"); len(lines) != 2 || lines[0] != "plan="+kit.PlanDigest(t, text.Stdout) {
		t.Errorf("the step's outputs are %q", output)
	}

	plan.Args = append(plan.Args, "--json")
	asJSON, _, _ := inJob(t, plan)
	asJSON.WantCode(t, 0)
	var p struct {
		Crates   []struct{ Notes string }
		Findings []struct{ What string }
	}
	kit.Check(t, json.Unmarshal([]byte(asJSON.Stdout), &p))
	all := p.Crates[0].Notes
	for _, f := range p.Findings {
		all += "\n" + f.What
	}
	wantShown(t, all, "\x1b]52;c;Zm9yZ2Vk\a", "\u202egnp.exe", "\u009b2J", "##[group]forged", strings.Repeat("long ", 20<<10)) // programs get the original text

	kit.Write(t, strings.Replace(kit.Read(t, r.Source, "CHANGELOG.md"), "## [Unreleased]\n", "## [Unreleased]\n\n- \x1b]0;forged\a\r::add-mask::o"+entries, 1), r.Source, "CHANGELOG.md")
	diff, _, _ := inJob(t, kit.Command{Args: []string{kit.Slipway, "prepare-release", "--source", r.Source, "--crate", r.Crate, "--version", "0.2.0"}})
	diff.WantCode(t, 0)
	wantShown(t, diff.Stdout, `\x1b]0;forged\a\r::add-mask::o`, "+version = \"0.2.0\"")
	diff.WantStderr(t, "so `git apply` cannot apply it")
}

// TestHostilePrintingErrors checks the same for errors that quote what they refuse: files
// of the workspace, arguments, names in git.
func TestHostilePrintingErrors(t *testing.T) {
	name := "x\n::add-mask::o\r##[group]\x1b]0;t\a\u202e\u009b2J\nslipway: forged"
	quoted, err := json.Marshal(name)
	kit.Check(t, err)
	plan := func(change func(source string), args ...string) kit.Command {
		source := kit.Workspace(t, "hostile-printing")
		change(source)
		return kit.Command{Args: append([]string{kit.Slipway, "plan", "--source", source, "--crate", "hostile-printing", "--version", "0.1.0"}, args...)}
	}
	none := func(string) {}
	manifest := func(old, new string) func(string) {
		return func(source string) {
			kit.Write(t, strings.Replace(kit.Read(t, source, "Cargo.toml"), old, new, 1), source, "Cargo.toml")
		}
	}
	for what, c := range map[string]kit.Command{
		"channel": plan(func(s string) { kit.Write(t, "[toolchain]\nchannel = "+string(quoted)+"\n", s, "rust-toolchain.toml") }),
		"registry": plan(func(s string) {
			kit.Write(t, "[registries."+string(quoted)+"]\ntoken = \"x\"\n", s, ".cargo/config.toml")
		}),
		"dependency": plan(manifest("publish", "[dependencies]\n"+string(quoted)+" = { git = "+string(quoted)+" }\n[package.metadata]\npublish")),
	} {
		t.Run("finding about a "+what, func(t *testing.T) {
			got, output, _ := inJob(t, c)
			got.WantCode(t, 0)
			wantNoLine(t, got.Stdout, "slipway: forged", "::add-mask::o", "##[group]")
			if n := strings.Count(output, "\n"); n != 1 || got.Stderr != "" {
				t.Errorf("the job is told %q, %q", output, got.Stderr)
			}
			if !strings.Contains(got.Stdout, `x\n::add-mask::o`) {
				t.Errorf("the finding is not shown:\n%s", kit.Tail(got.Stdout))
			}
		})
	}
	for what, c := range map[string]kit.Command{
		"crate":            plan(none, "--crate", name),
		"version":          plan(none, "--version", name),
		"toolchain":        plan(none, "--toolchain", name),
		"source":           plan(none, "--source", "/"+name),
		"flag":             plan(none, "--"+name),
		"command":          {Args: []string{kit.Slipway, name}},
		"TOML":             plan(func(s string) { kit.Write(t, string(quoted)+" = \x1b[2J\n", s, ".cargo/config.toml") }),
		"TOML, no text":    plan(func(s string) { kit.Write(t, payload, s, "Cargo.toml") }),
		"feature":          plan(manifest("publish", "metadata.slipway.features = ["+string(quoted)+"]\npublish")),
		"name in manifest": plan(manifest(`name = "hostile-printing"`, "name = "+string(quoted))),
		"image": {Args: []string{kit.Slipway, "release-demo-app", "--plan", "--version", "0.1.0", "--image", name, "--source", func() string {
			source := kit.Workspace(t, "hostile-printing")
			manifest("[workspace]", "[workspace]\n[workspace.metadata.slipway.images."+string(quoted)+"]\nkind = "+string(quoted))(source)
			return source
		}()}},
		"what to verify":    {Args: []string{kit.Slipway, "verify", "--repository", "o/n", "--trusted-root", "/" + name, "x"}},
		"repository":        {Args: []string{kit.Slipway, "verify", "--repository", name, "x"}},
		"file of workflows": {Args: []string{kit.Slipway, "workflows", "--source", kit.Workspace(t, "hostile-printing"), "--slipway", name}},
	} {
		t.Run(what, func(t *testing.T) {
			got, output, summary := inJob(t, c)
			if got.Code == 0 || got.Message() == "" || strings.Count("\n"+got.Stderr, "\nslipway: ") != 1 {
				t.Errorf("status %d, and the error is not one:\n%s", got.Code, kit.Tail(got.Stderr))
			}
			if output+summary+got.Stdout != "" {
				t.Errorf("the job is told %q, %q, %q", output, summary, kit.Tail(got.Stdout))
			}
		})
	}
}

// TestHostilePrintingSteps checks the same for the output of build scripts and tests,
// passing or failing.
func TestHostilePrintingSteps(t *testing.T) {
	w, _ := kit.Local(t)
	for _, fails := range []string{"", "fail-build.txt", "fail-test.txt"} {
		t.Run(fails, func(t *testing.T) {
			r := kit.Release{Source: kit.Workspace(t, "hostile-printing"), Crate: "hostile-printing", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
			kit.Write(t, payload, r.Source, "payload.bin")
			kit.Write(t, "jobs = 1\n\"\\u001b[2J<img src=https://x.io/a.png>|`[a](https://x.io)\\n::add-mask::o\" = 1\n", r.Source, ".cargo/config.toml")
			if fails != "" {
				kit.Write(t, "", r.Source, fails)
			}
			if fails == "fail-build.txt" { // cargo does not show output of a build script that is not UTF-8
				kit.Write(t, strings.ToValidUTF8(payload, "?"), r.Source, "payload.bin")
			}
			got, _, summary := inJob(t, w.Command("release-crate", r))
			wantNoLine(t, got.Stderr, "Good", "Released", "  good", "What has happened:", "  released", "long")
			wantShown(t, got.Stderr, `\u202egnp.exe`, `#\x23[group]forged`, `\x3a:add-mask::o`, " bytes more)")
			if fails != "fail-build.txt" { // cargo removes escape sequences from a build script's output
				wantShown(t, got.Stderr, `\x1b]52;c;Zm9yZ2Vk\a`, `\u200b::group::forged`)
			}
			if n := strings.Count("\n"+got.Stderr, "\nslipway: "); n != min(1, len(fails)) {
				t.Errorf("%d errors of slipway:\n%s", n, kit.Tail(got.Stderr))
			}
			if fails == "fail-build.txt" {
				wantShown(t, got.Message(), "\n  | ")
			}
			if fails != "" {
				got.WantCode(t, 1)
				return
			}
			got.WantCode(t, 0)
			wantShown(t, summary, `> .cargo/config.toml: \\x1b\[2J\<img src=https:\//x.io/a.png\>\|\`+"`"+`\[a\](https:\//x.io)\\n::add-mask::o is not used`)
		})
	}
}
