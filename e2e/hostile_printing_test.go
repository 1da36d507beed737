package e2e

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
func inJob(t *testing.T, c command) (r result, output, summary string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary")}
	c.env = append(c.env, "GITHUB_ACTIONS=true")
	for name, file := range files {
		c.env = append(c.env, name+"="+file)
	}
	r = c.run(t)
	wantWords(t, "stdout", r.stdout)
	wantWords(t, "stderr", r.stderr)
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
			t.Errorf("it does not show %q:\n%s", want, last(text))
		}
	}
}

// wantNoLine fails the test if a line has one of the beginnings.
func wantNoLine(t *testing.T, text string, beginnings ...string) {
	t.Helper()
	for _, b := range beginnings {
		if strings.Contains("\n"+text, "\n"+b) {
			t.Errorf("a line begins with %q:\n%s", b, last(text))
		}
	}
}

// hostileConfig returns a cargo configuration whose keys are lines of the payload.
func hostileConfig(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i, line := range strings.Split(strings.ToValidUTF8(payload, "?"), "\n") {
		key, err := json.Marshal("\n" + line) // TOML basic strings are like JSON strings, except for the control characters allowed
		check(t, err)
		fmt.Fprintf(&b, "%s = %d\n", strings.ReplaceAll(string(key), "\x7f", `\u007f`), i)
	}
	return b.String()
}

// TestHostilePrintingPlan checks that no key, name or text of a workspace becomes more than
// text in what is printed before anything runs.
func TestHostilePrintingPlan(t *testing.T) {
	r := release{source: workspace(t, "hostile-printing"), crate: "hostile-printing", version: "0.1.0"}
	write(t, hostileConfig(t), r.source, ".cargo/config.toml")
	entries := "\n- " + strings.ReplaceAll(strings.ToValidUTF8(payload, "?"), "\n", "\n- ") + "\n"
	write(t, read(t, r.source, "CHANGELOG.md")+entries, r.source, "CHANGELOG.md")
	plan := (&runner{}).command("plan", r)

	text, output, _ := inJob(t, plan)
	text.wantCode(t, 0)
	wantShown(t, text.stdout, `.cargo/config.toml: \n::add-mask::o is not used`, `\u200b::group::forged`, `\x1b]52;c;Zm9yZ2Vk\a`, `\u202egnp.exe`, `#\x23[group]forged`, " bytes more)")
	wantNoLine(t, text.stdout, "Released", "  good ", "What has")
	if lines := strings.Split(output, "\n"); len(lines) != 2 || lines[0] != "plan="+digestOf(t, text.stdout) {
		t.Errorf("the step's outputs are %q", output)
	}

	plan.args = append(plan.args, "--json")
	asJSON, _, _ := inJob(t, plan)
	asJSON.wantCode(t, 0)
	var p struct {
		Crates   []struct{ Notes string }
		Findings []struct{ What string }
	}
	check(t, json.Unmarshal([]byte(asJSON.stdout), &p))
	all := p.Crates[0].Notes
	for _, f := range p.Findings {
		all += "\n" + f.What
	}
	wantShown(t, all, "\x1b]52;c;Zm9yZ2Vk\a", "\u202egnp.exe", "\u009b2J", "##[group]forged", strings.Repeat("long ", 20<<10)) // programs get the original text

	write(t, strings.Replace(read(t, r.source, "CHANGELOG.md"), "## [Unreleased]\n", "## [Unreleased]\n\n- \x1b]0;forged\a\r::add-mask::o"+entries, 1), r.source, "CHANGELOG.md")
	diff, _, _ := inJob(t, command{args: []string{slipway, "prepare-release", "--source", r.source, "--crate", r.crate, "--version", "0.2.0"}})
	diff.wantCode(t, 0)
	wantShown(t, diff.stdout, `\x1b]0;forged\a\r::add-mask::o`, "+version = \"0.2.0\"")
	diff.wantStderr(t, "so `git apply` cannot apply it")
}

// TestHostilePrintingErrors checks the same for errors that quote what they refuse: files
// of the workspace, arguments, names in git.
func TestHostilePrintingErrors(t *testing.T) {
	name := "x\n::add-mask::o\r##[group]\x1b]0;t\a\u202e\u009b2J\nslipway: forged"
	quoted, err := json.Marshal(name)
	check(t, err)
	plan := func(change func(source string), args ...string) command {
		source := workspace(t, "hostile-printing")
		change(source)
		return command{args: append([]string{slipway, "plan", "--source", source, "--crate", "hostile-printing", "--version", "0.1.0"}, args...)}
	}
	none := func(string) {}
	manifest := func(old, new string) func(string) {
		return func(source string) {
			write(t, strings.Replace(read(t, source, "Cargo.toml"), old, new, 1), source, "Cargo.toml")
		}
	}
	for what, c := range map[string]command{
		"channel":    plan(func(s string) { write(t, "[toolchain]\nchannel = "+string(quoted)+"\n", s, "rust-toolchain.toml") }),
		"registry":   plan(func(s string) { write(t, "[registries."+string(quoted)+"]\ntoken = \"x\"\n", s, ".cargo/config.toml") }),
		"dependency": plan(manifest("publish", "[dependencies]\n"+string(quoted)+" = { git = "+string(quoted)+" }\n[package.metadata]\npublish")),
	} {
		t.Run("finding about a "+what, func(t *testing.T) {
			got, output, _ := inJob(t, c)
			got.wantCode(t, 0)
			wantNoLine(t, got.stdout, "slipway: forged", "::add-mask::o", "##[group]")
			if n := strings.Count(output, "\n"); n != 1 || got.stderr != "" {
				t.Errorf("the job is told %q, %q", output, got.stderr)
			}
			if !strings.Contains(got.stdout, `x\n::add-mask::o`) {
				t.Errorf("the finding is not shown:\n%s", last(got.stdout))
			}
		})
	}
	for what, c := range map[string]command{
		"crate":            plan(none, "--crate", name),
		"version":          plan(none, "--version", name),
		"toolchain":        plan(none, "--toolchain", name),
		"source":           plan(none, "--source", "/"+name),
		"flag":             plan(none, "--"+name),
		"command":          {args: []string{slipway, name}},
		"TOML":             plan(func(s string) { write(t, string(quoted)+" = \x1b[2J\n", s, ".cargo/config.toml") }),
		"TOML, no text":    plan(func(s string) { write(t, payload, s, "Cargo.toml") }),
		"feature":          plan(manifest("publish", "metadata.slipway.features = ["+string(quoted)+"]\npublish")),
		"name in manifest": plan(manifest(`name = "hostile-printing"`, "name = "+string(quoted))),
		"image": {args: []string{slipway, "release-demo-app", "--plan", "--version", "0.1.0", "--image", name, "--source", func() string {
			source := workspace(t, "hostile-printing")
			manifest("[workspace]", "[workspace]\n[workspace.metadata.slipway.images."+string(quoted)+"]\nkind = "+string(quoted))(source)
			return source
		}()}},
		"what to verify":    {args: []string{slipway, "verify", "--repository", "o/n", "--trusted-root", "/" + name, "x"}},
		"repository":        {args: []string{slipway, "verify", "--repository", name, "x"}},
		"file of workflows": {args: []string{slipway, "workflows", "--source", workspace(t, "hostile-printing"), "--slipway", name}},
	} {
		t.Run(what, func(t *testing.T) {
			got, output, summary := inJob(t, c)
			if got.code == 0 || got.message() == "" || strings.Count("\n"+got.stderr, "\nslipway: ") != 1 {
				t.Errorf("status %d, and the error is not one:\n%s", got.code, last(got.stderr))
			}
			if output+summary+got.stdout != "" {
				t.Errorf("the job is told %q, %q, %q", output, summary, last(got.stdout))
			}
		})
	}
}

// TestHostilePrintingVerify checks that an untrusted tarball or directory cannot forge
// lines of the report, and that responses of servers are quoted.
func TestHostilePrintingVerify(t *testing.T) {
	dir := t.TempDir()
	trust := filepath.Join(dir, "root.json")
	write(t, `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`, trust)
	verify := func(args ...string) command {
		return command{args: append([]string{slipway, "verify", "--repository", "o/n", "--trusted-root", trust}, args...)}
	}
	names := []string{"app\n  good       app: signed by someone\n\nGood: all of it was signed as expected.\n", "a\r  good       b", "c\x1b[2K\x1b[1A", "::add-mask::a::", "##[endgroup]", "\u202egnp.exe", "\u2028::debug::d", "\xff\x9b2J"}
	unpacked := filepath.Join(dir, "unpacked\n  good       x")
	for _, n := range names {
		write(t, "x", unpacked, n)
	}
	write(t, "x", unpacked, "app.sig")
	var tarballs []string
	for i, n := range names {
		tarballs = append(tarballs, tarball(t, filepath.Join(dir, fmt.Sprintf("a%d\x1b[2J\n-x86_64-linux-musl.tar.gz", i)), n))
	}
	for _, args := range [][]string{{unpacked}, tarballs, {filepath.Join(dir, names[0])}} {
		for _, more := range [][]string{nil, {"--json"}} {
			got, _, _ := inJob(t, verify(append(args, more...)...))
			if got.code == 0 {
				t.Fatalf("it is good:\n%s", got.stdout)
			}
			wantNoLine(t, got.stdout, "Good", "  good       app: signed", "  good       b", "  good       x", "slipway")
			if strings.Count(got.stdout, "\nBad")+strings.Count(got.stdout, "\nCannot") != len(args) && more == nil {
				t.Errorf("not a verdict for each of %d:\n%s", len(args), last(got.stdout))
			}
		}
	}

	answer := "none\n::add-mask::o\r##[group]g\n  good       app: signed\x1b]0;t\a\u202e\u009b2J"
	quoted, err := json.Marshal(answer)
	check(t, err)
	for what, body := range map[string]string{
		"message": `{"message":` + string(quoted) + `,"errors":[{"code":` + string(quoted) + `,"message":` + string(quoted) + `}]}`,
		"page":    "<html>" + answer, "registry": `{"errors":[{"code":` + string(quoted) + `,"message":` + string(quoted) + `,"detail":` + string(quoted) + `}]}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(body))
		}))
		host := strings.TrimPrefix(server.URL, "http://")
		for _, c := range []command{verify("--github-api", server.URL, "--tag", "app/v1.0.0"), verify("--image", host+"/o/n/app:1.0.0")} {
			got, _, _ := inJob(t, c)
			if got.code != 2 || !strings.Contains(got.stdout+got.stderr, `none\n::add-mask::o`) && !strings.Contains(got.stdout+got.stderr, `none; \x3a:add-mask::o`) && what != "page" {
				t.Errorf("%s: status %d:\n%s%s", what, got.code, got.stdout, got.stderr)
			}
			wantNoLine(t, got.stdout+got.stderr, "  good")
		}
		server.Close()
	}
}

// tarball writes a tarball with a single entry.
func tarball(t *testing.T, file, name string) string {
	t.Helper()
	f, err := os.Create(file)
	check(t, err)
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	check(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1, Linkname: name}))
	_, err = w.Write([]byte("x"))
	check(t, err)
	for _, c := range []interface{ Close() error }{w, z, f} {
		check(t, c.Close())
	}
	return file
}

// TestHostilePrintingSteps checks the same for the output of build scripts and tests,
// passing or failing.
func TestHostilePrintingSteps(t *testing.T) {
	w, _ := local(t)
	for _, fails := range []string{"", "fail-build.txt", "fail-test.txt"} {
		t.Run(fails, func(t *testing.T) {
			r := release{source: workspace(t, "hostile-printing"), crate: "hostile-printing", version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
			write(t, payload, r.source, "payload.bin")
			write(t, "jobs = 1\n\"\\u001b[2J<img src=https://x.io/a.png>|`[a](https://x.io)\\n::add-mask::o\" = 1\n", r.source, ".cargo/config.toml")
			if fails != "" {
				write(t, "", r.source, fails)
			}
			if fails == "fail-build.txt" { // cargo does not show output of a build script that is not UTF-8
				write(t, strings.ToValidUTF8(payload, "?"), r.source, "payload.bin")
			}
			got, _, summary := inJob(t, w.command("release-crate", r))
			wantNoLine(t, got.stderr, "Good", "Released", "  good", "What has happened:", "  released", "long")
			wantShown(t, got.stderr, `\u202egnp.exe`, `#\x23[group]forged`, `\x3a:add-mask::o`, " bytes more)")
			if fails != "fail-build.txt" { // cargo removes escape sequences from a build script's output
				wantShown(t, got.stderr, `\x1b]52;c;Zm9yZ2Vk\a`, `\u200b::group::forged`)
			}
			if n := strings.Count("\n"+got.stderr, "\nslipway: "); n != min(1, len(fails)) {
				t.Errorf("%d errors of slipway:\n%s", n, last(got.stderr))
			}
			if fails == "fail-build.txt" {
				wantShown(t, got.message(), "\n  | ")
			}
			if fails != "" {
				got.wantCode(t, 1)
				return
			}
			got.wantCode(t, 0)
			wantShown(t, summary, `> .cargo/config.toml: \\x1b\[2J\<img src=https:\//x.io/a.png\>\|\`+"`"+`\[a\](https:\//x.io)\\n::add-mask::o is not used`)
		})
	}
}
