package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/golden"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/step"
)

var (
	trees = []step.Tree{{Name: "source", Source: true, Files: step.Files{"Cargo.lock": "lock", "rust-toolchain": "", ".cargo/config": ""}}, {Name: "recipe", Files: step.Files{"a.sh": "true\n"}}}
	fetch = step.Step{
		Name: "fetch", Image: step.Image{Ref: rust}, Args: []string{"cargo", "fetch"}, Env: []string{"CARGO_HOME=/cargo", "RUST_VERSION="}, Dir: "/src", Network: true,
		Mounts:  []step.Mount{{Path: "/cargo"}, {Path: "/src", Tree: "source"}},
		Outputs: []step.Output{{Name: "cargo", Path: "/cargo", Dir: true}, {Name: "lock", Path: "/src/Cargo.lock"}},
		Discard: []string{".package-cache"},
	}
	build = step.Step{
		Name: "build", Image: step.Image{Ref: rust}, Args: []string{"cargo", "build", "--locked"}, Env: []string{"CARGO_HOME=/cargo"}, Dir: "/src",
		Mounts: []step.Mount{
			{Path: "/cargo", Step: "fetch", Output: "cargo", ReadOnly: true}, {Path: "/src", Tree: "source"}, {Path: "/src/Cargo.lock", Step: "fetch", Output: "lock"}, {Path: "/target"},
		},
		Outputs: []step.Output{{Name: "target", Path: "/target", Dir: true}, {Name: "shim", Path: "/target/release/shim"}},
	}
	tested = step.Step{
		Name: "test", Image: step.Image{Step: "build", Output: "target"}, Args: []string{"cargo", "test"}, Dir: "/", Merged: true,
		Mounts: []step.Mount{{Path: "/target", Step: "build", Output: "target"}, {Path: "/target", Step: "fetch", Output: "cargo", Over: true}},
	}
	publish = step.Step{
		Name: "publish", Image: step.Image{Ref: rust}, Args: []string{"cargo", "publish"}, Dir: "/src", Network: true, Fresh: true,
		Mounts: []step.Mount{{Path: "/src", Tree: "source"}}, Secrets: []step.Secret{{Env: "CARGO_REGISTRY_TOKEN", Name: "registry"}},
	}
)

// TestContainer compares everything that the engine is told about steps with golden files.
func TestContainer(t *testing.T) {
	for _, s := range []step.Step{fetch, build, tested, publish} {
		t.Run(s.Name, func(t *testing.T) {
			limits := step.DefaultLimits()
			limits.Memory = 8 << 30
			r, e := newRunner(t, Options{Trees: trees, Secrets: step.Secrets{"registry": secret.New("token")}, Limits: limits})
			for _, before := range []step.Step{fetch, build} {
				if slices.Contains(s.Needs(), before.Name) || slices.Contains(build.Needs(), before.Name) && s.Name == "test" {
					run(t, r, e, before)
				}
			}
			golden.Compare(t, s.Name+".txt", masked(r, run(t, r, e, s).page()))
		})
	}
}

// TestArguments checks that a command's arguments reach it as they are, after those of the
// sandbox, and that the engine gives the command nothing but a place to run.
func TestArguments(t *testing.T) {
	args := []string{"cargo", "--", "a b", "$HOME", "${HOME}", "`id`", "'; id; '", `\`, `"`, "", "--bind", "*", "line\nline", "é"}
	r, e := newRunner(t, Options{Limits: step.Limits{Time: 1e12, Log: 1 << 20, Processes: 99, File: 12345, Memory: 4 << 20}})
	c := run(t, r, e, step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: args, Dir: "/a dir"})
	script, sandbox, own := c.command(t)
	if !slices.Equal(own, args) {
		t.Errorf("the command is %q, want %q", own, args)
	}
	if want := []string{"--chdir", "/a dir", "--", "prlimit", "--nproc=99:99", "--"}; !slices.Equal(sandbox[len(sandbox)-len(want):], want) {
		t.Errorf("the sandbox ends with %q, want %q", sandbox[len(sandbox)-len(want):], want)
	}
	if strings.Contains(script, "'; id; '") {
		t.Errorf("an argument is in the script\n%s", script)
	}
	// A quarter of the memory is for temporary files, all of which may be in /tmp.
	if tmp := []string{"--size", fmt.Sprint(1 << 20), "--perms", "1777", "--tmpfs", "/tmp"}; !slices.Contains(sandbox, "--fsize=12345:12345") || !contains(sandbox, tmp) {
		t.Errorf("limits are missing in %q", sandbox)
	}
	// With more, such as experimentalPrivilegedNesting, the command could reach the engine.
	exec := c[len(c)-1]
	delete(exec.args, "args")
	if got := fmt.Sprint(exec.args); got != "map[expect:ANY insecureRootCapabilities:true]" {
		t.Errorf("options of withExec: %s", got)
	}
	if got := c.calls("withWorkdir"); len(got) != 1 || got[0].text("path") != "/" {
		t.Errorf("the script starts in %v, want / alone, which every image has", got)
	}
}

// TestSandbox checks what a command may reach: a network only if its step has one, and root of the
// container never.
func TestSandbox(t *testing.T) {
	for _, network := range []bool{false, true} {
		r, e := newRunner(t, Options{})
		c := run(t, r, e, step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"curl"}, Dir: "/", Network: network})
		script, sandbox, _ := c.command(t)
		if slices.Contains(sandbox, "--share-net") != network || !slices.Contains(sandbox, "--unshare-all") {
			t.Errorf("network %t: the sandbox is %q", network, sandbox)
		}
		if slices.Contains(sandbox, "--args") != network || strings.Contains(script, "HTTPS_PROXY") != network {
			t.Errorf("network %t: the settings of the network are in it: %q\n%s", network, sandbox, script)
		}
		for _, part := range [][]string{{"setpriv", "--reuid", "65533", "--regid", "65533"}, {"--seccomp", "3"}, {"--cap-drop", "ALL"}, {"--ro-bind", "/", "/"}, {"--disable-userns"}, {"--clearenv"}} {
			if !contains(sandbox, part) {
				t.Errorf("network %t: no %q in %q", network, part, sandbox)
			}
		}
		filters := c.calls("withMountedFile")
		if len(filters) != 1 || filters[0].text("path") != filterFile {
			t.Fatalf("mounted files: %v", filters)
		}
		source := filters[0].args["source"].(chain)
		if got, err := os.ReadFile(source[len(source)-1].text("path")); err != nil || string(got) != string(bwrap.Filter) || source.String() != "host().file(path: "+source[1].text("path")+")" {
			t.Errorf("the filter is %v, %d bytes, %v", source, len(got), err)
		}
	}
}

// TestEmulator checks that the sandbox gets the step's emulator, if it has one.
func TestEmulator(t *testing.T) {
	for _, emulator := range []string{"", "qemu-aarch64-static"} {
		r, e := newRunner(t, Options{})
		c := run(t, r, e, step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"cargo"}, Dir: "/", Emulator: emulator})
		_, sandbox, _ := c.command(t)
		if emulated := emulator != ""; slices.Contains(sandbox, "qemu-aarch64-static") != emulated || slices.Contains(sandbox, "--mount") != emulated {
			t.Errorf("emulator %q: the sandbox is %q", emulator, sandbox)
		}
	}
}

// TestEnvironment checks that a command sees its image's variables, overridden by its step's, and
// nothing of the engine's.
func TestEnvironment(t *testing.T) {
	r, e := newRunner(t, Options{})
	s := step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"env"}, Dir: "/", Env: []string{"A=$PATH", "B=x=y", "RUST_VERSION="}}
	c := run(t, r, e, s)
	_, sandbox, _ := c.command(t)
	want := [][]string{{"A", "$PATH"}, {"B", "x=y"}, {"PATH", "/usr/local/bin:/usr/bin"}}
	if got := flags(sandbox, "--setenv", 2); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("variables %q, want %q", got, want)
	}
	if got := c.variables(); len(got) != 0 {
		t.Errorf("variables outside of the sandbox: %v", got)
	}
}

// TestFresh checks that a step is asked of the engine in the same words each time, so that its
// result can be cached, unless it is fresh.
func TestFresh(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		r, e := newRunner(t, Options{Trees: trees})
		s := fetch
		s.Fresh = fresh
		first := run(t, r, e, s)
		second := run(t, r, e, s)
		if same := first.page() == second.page(); same == fresh {
			t.Errorf("fresh %t: the same words: %t\n%s", fresh, same, second.page())
		}
		if _, marked := second.variables()["SLIPWAY_RUN"]; marked != fresh {
			t.Errorf("fresh %t: marked as unlike the others: %t", fresh, marked)
		}
		if before := slices.IndexFunc(second, func(c call) bool { return c.text("name") == "SLIPWAY_RUN" }); fresh && before > second.after() {
			t.Errorf("the mark is set after the command")
		}
	}
}

// TestBare checks that steps in an image without a sandbox run as they are, and only those.
func TestBare(t *testing.T) {
	s := step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"apt-get", "update"}, Dir: "/work", Env: []string{"A=x=y"}, Network: true, Mounts: []step.Mount{{Path: "/work"}}}
	for ref, bare := range map[string]bool{rust: true, "other": false, "": false} {
		r, e := newRunner(t, Options{Bare: []string{ref}})
		c := run(t, r, e, s)
		script, sandbox, own := c.command(t)
		if (sandbox == nil) != bare || !slices.Equal(own, s.Args) || script == "" {
			t.Errorf("bare %q: the sandbox is %q, the command %q", ref, sandbox, own)
		}
		exec, dirs := c[len(c)-1], c.calls("withWorkdir")
		if _, root := exec.args["insecureRootCapabilities"]; root == bare {
			t.Errorf("bare %q: %v", ref, exec.args["insecureRootCapabilities"])
		}
		if bare && (c.variables()["A"] != "x=y" || dirs[len(dirs)-1].text("path") != "/work") {
			t.Errorf("bare %q: variables %v, directories %v", ref, c.variables(), dirs)
		}
	}
}
