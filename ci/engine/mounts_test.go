package engine

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

// mounted returns the mounts of a container, one a line: path, owner or "ro", and source.
func mounted(c chain) string {
	var lines []string
	for _, m := range c.calls("withMountedDirectory") {
		how := m.text("owner")
		if m.args["readOnly"] == true {
			how += "ro"
		}
		lines = append(lines, fmt.Sprintf("%s %s %v", m.text("path"), how, m.args["source"]))
	}
	return strings.Join(lines, "\n")
}

// TestMounts checks what is mounted where, and that the command can write to it only as its step
// says.
func TestMounts(t *testing.T) {
	const (
		owned   = " 65533:65533 "
		cargo   = "after(cargo fetch).directory(path: /cargo).filter(exclude: [**/.package-cache])"
		target  = "after(cargo build --locked).directory(path: /target)"
		recipe  = "directory().withoutFiles(paths: []).withDirectory(path: /, source: host().directory(path: WORK/tree-RANDOM)).withTimestamps(timestamp: 946684800)"
		already = "after(apt-get).directory(path: /left)"
	)
	fromFetch := step.Mount{Step: "fetch", Output: "cargo"}
	fromBuild := step.Mount{Step: "build", Output: "target"}
	at := func(path string, m step.Mount) step.Mount { m.Path = path; return m }
	over := func(m step.Mount) step.Mount { m.Over = true; return m }
	readOnly := func(m step.Mount) step.Mount { m.ReadOnly = true; return m }
	tests := []struct {
		name   string
		mounts []step.Mount
		want   []string
	}{
		{"empty", []step.Mount{{Path: "/a"}}, []string{"/a" + owned + "directory()"}},
		{"a tree", []step.Mount{{Path: "/a", Tree: "recipe"}}, []string{"/a" + owned + recipe}},
		{"a tree, read-only", []step.Mount{{Path: "/a", Tree: "recipe", ReadOnly: true}}, []string{"/a ro " + recipe}},
		{"what a sandbox left belongs to its user already", []step.Mount{at("/a", fromBuild)}, []string{"/a  " + target}},
		{"what a step without sandbox left does not", []step.Mount{{Path: "/a", Step: "bare", Output: "left"}}, []string{"/a" + owned + already}},
		{"without what the step discards, read-only", []step.Mount{readOnly(at("/a", fromFetch))}, []string{"/a ro " + cargo}},
		{"one over another", []step.Mount{at("/a", fromBuild), over(at("/a", fromFetch))}, []string{"/a  " + target + ".withDirectory(path: /, source: " + cargo + ")"}},
		{"a tree over what a sandbox left", []step.Mount{at("/a", fromBuild), {Path: "/a", Tree: "recipe", Over: true}}, []string{"/a" + owned + target + ".withDirectory(path: /, source: " + recipe + ")"}},
		{"writable in writable: copied, so that an output has it", []step.Mount{at("/a", fromBuild), at("/a/b/c", fromFetch)}, []string{
			"/a" + owned + target + ".withoutDirectory(path: /b/c).withDirectory(path: /b/c, source: " + cargo + ")",
		}},
		{"empty in writable: nothing of the outer one's is left there", []step.Mount{{Path: "/a", Tree: "recipe"}, {Path: "/a/b"}}, []string{
			"/a" + owned + recipe + ".withoutDirectory(path: /b).withDirectory(path: /b, source: directory())",
		}},
		{"writable in writable in writable", []step.Mount{{Path: "/a"}, {Path: "/a/b"}, at("/a/b/c", fromBuild)}, []string{
			"/a" + owned + "directory().withoutDirectory(path: /b).withDirectory(path: /b, source: directory()).withoutDirectory(path: /b/c).withDirectory(path: /b/c, source: " + target + ")",
		}},
		{"beside, with the other's name at the beginning", []step.Mount{{Path: "/a"}, {Path: "/a-b"}}, []string{"/a" + owned + "directory()", "/a-b" + owned + "directory()"}},
		{"read-only in writable", []step.Mount{{Path: "/a"}, readOnly(at("/a/b", fromBuild))}, []string{"/a" + owned + "directory()", "/a/b ro " + target}},
		{"writable in read-only", []step.Mount{readOnly(at("/a", fromBuild)), {Path: "/a/b"}}, []string{"/a ro " + target, "/a/b" + owned + "directory()"}},
		{"writable in read-only in writable: not hidden below it", []step.Mount{{Path: "/a"}, readOnly(at("/a/b", fromBuild)), {Path: "/a/b/c"}}, []string{
			"/a" + owned + "directory()", "/a/b ro " + target, "/a/b/c" + owned + "directory()",
		}},
		{"over one in another: not over the outer one", []step.Mount{{Path: "/a"}, at("/a/b", fromBuild), over(at("/a/b", fromFetch)), {Path: "/c"}}, []string{
			"/a" + owned + "directory().withoutDirectory(path: /b).withDirectory(path: /b, source: " + target + ").withDirectory(path: /b, source: " + cargo + ")",
			"/c" + owned + "directory()",
		}},
		{"a file", []step.Mount{{Path: "/a"}, {Path: "/a/b/Cargo.lock", Step: "fetch", Output: "lock"}}, []string{
			"/a" + owned + "directory().withFile(path: /b/Cargo.lock, source: after(cargo fetch).file(path: /src/Cargo.lock))",
		}},
		{"a file in one in another, of a sandbox", []step.Mount{at("/a", fromBuild), {Path: "/a/Cargo.lock", Step: "fetch", Output: "lock"}}, []string{
			"/a" + owned + target + ".withFile(path: /Cargo.lock, source: after(cargo fetch).file(path: /src/Cargo.lock))",
		}},
	}
	bare := step.Step{Name: "bare", Image: step.Image{Ref: "debian"}, Args: []string{"apt-get"}, Dir: "/", Mounts: []step.Mount{{Path: "/left"}}, Outputs: []step.Output{{Name: "left", Path: "/left", Dir: true}}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, e := newRunner(t, Options{Trees: trees, Bare: []string{"debian"}})
			e.images["debian"] = nil
			s := step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"true"}, Dir: "/", Mounts: tt.mounts}
			if err := step.Check([]step.Step{bare, fetch, build, s}, trees); err != nil {
				t.Fatal(err)
			}
			c := run(t, r, e, bare, fetch, build, s)
			if got := masked(r, mounted(c)); got != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(tt.want, "\n"))
			}
			binds(t, c)
		})
	}
}

// binds checks that the sandbox has the container's mounts, as writable as they are.
func binds(t *testing.T, c chain) {
	t.Helper()
	var want []string
	for _, m := range c.calls("withMountedDirectory") {
		flag := "--bind "
		if m.args["readOnly"] == true {
			flag = "--ro-bind "
		}
		want = append(want, flag+m.text("path")+" "+m.text("path"))
	}
	_, sandbox, _ := c.command(t)
	var got []string
	for i, arg := range sandbox {
		if at := i + 2; (arg == "--bind" || arg == "--ro-bind") && sandbox[at] != "/" && sandbox[at] != "/proc/sys" {
			got = append(got, strings.Join(sandbox[i:at+1], " "))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the sandbox mounts %q, want %q", got, want)
	}
}

// TestMountErrors checks what cannot be mounted.
func TestMountErrors(t *testing.T) {
	for want, m := range map[string]step.Mount{
		`staging tree "other": `:                                           {Path: "/a", Tree: "other"},
		`taking output "target" of step "other": `:                         {Path: "/a", Step: "other", Output: "target"},
		`taking output "other" of step "fetch": `:                          {Path: "/a", Step: "fetch", Output: "other"},
		`running step "s": nothing writable is mounted where "/a" belongs`: {Path: "/a", Step: "fetch", Output: "lock"},
		`running step "s": nothing writable is mounted where "/b" belongs`: {Path: "/b", Step: "fetch", Output: "cargo", Over: true},
	} {
		r, e := newRunner(t, Options{Trees: trees})
		run(t, r, e, fetch)
		asked := len(e.asked)
		_, err := r.Run(t.Context(), step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"true"}, Dir: "/", Mounts: []step.Mount{m}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
		if len(e.asked) != asked {
			t.Errorf("%s: the engine was asked for %v", want, e.asked[asked:])
		}
	}
}

// TestRepositoryTree checks that a tree of the repository is the workspace with what is around it.
func TestRepositoryTree(t *testing.T) {
	tree := step.Tree{Name: "t", Source: true, Repository: true, Files: step.Files{"libs/z": ""}}
	r, e := newRunner(t, Options{Trees: []step.Tree{tree}})
	r.opts.Repository = r.opts.Client.Host().Directory("/repository")
	s := step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"true"}, Dir: "/", Mounts: []step.Mount{{Path: "/a", Tree: "t"}}}
	got := masked(r, run(t, r, e, s).calls("withMountedDirectory")[0].args["source"].(chain).String())
	if !strings.HasPrefix(got, "host().directory(path: /repository).withoutFiles(paths: [libs/z])") {
		t.Errorf("the tree is %s", got)
	}
}

// TestTree checks that a tree is the workspace's source without what slipway removes, under what
// it adds, and that nothing is written elsewhere.
func TestTree(t *testing.T) {
	tree := step.Tree{Name: "t", Source: true, Files: step.Files{"z": "", "a/b": "", "Cargo.toml": "new", "c/d/e": "deep", "../../out": "x", "/abs": "y"}}
	r, e := newRunner(t, Options{Trees: []step.Tree{tree}})
	s := step.Step{Name: "s", Image: step.Image{Ref: rust}, Args: []string{"true"}, Dir: "/", Mounts: []step.Mount{{Path: "/a", Tree: "t"}, {Path: "/b", Tree: "t", ReadOnly: true}}}
	first := run(t, r, e, s).calls("withMountedDirectory")[0].args["source"].(chain)
	want := "host().directory(path: /workspace).withoutFiles(paths: [a/b z]).withDirectory(path: /, source: host().directory(path: WORK/tree-RANDOM)).withTimestamps(timestamp: 946684800)"
	if got := masked(r, first.String()); got != want {
		t.Errorf("the tree is\n%s\nwant\n%s", got, want)
	}
	ours := first.calls("withDirectory")[0].args["source"].(chain)
	dir := ours[len(ours)-1].text("path")
	got := map[string]string{}
	err := filepath.WalkDir(r.opts.Work, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var raw []byte
			raw, err = os.ReadFile(name)
			got[name] = string(raw)
		}
		return err
	})
	files := map[string]string{filepath.Join(dir, "Cargo.toml"): "new", filepath.Join(dir, "c/d/e"): "deep", filepath.Join(dir, "out"): "x", filepath.Join(dir, "abs"): "y"}
	delete(got, filepath.Join(r.opts.Work, "seccomp.bpf"))
	if err != nil || !maps.Equal(got, files) {
		t.Errorf("sent files %q (%v), want %q", got, err, files)
	}
	for _, m := range run(t, r, e, s).calls("withMountedDirectory") {
		if got := m.args["source"].(chain).String(); got != first.String() {
			t.Errorf("another mount has another tree: %s", got)
		}
	}
}
