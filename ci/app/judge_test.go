package app

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/gittest"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// planned returns the plan for version 0.1.0 of a crate of the workspace in dir, with the copy of
// its source.
func planned(t *testing.T, dir, crate string) (*plan.Crate, *checkout.Source) {
	t.Helper()
	h := &fakeHost{t: t, dir: dir}
	var v Plan
	p, err := v.planOne(t.Context(), h, &v.Signing, Subject{Crate: crate, Version: "0.1.0"})
	if err != nil {
		t.Fatal(err)
	}
	return p.plan.Crates[0], h.source
}

// onHost runs a step of a plan with the machine's cargo, below a directory instead of the root of
// a container, and returns that directory and what the command printed. It skips the test without
// a cargo.
func onHost(t *testing.T, p *plan.Crate, source *checkout.Source, name string) (string, string, error) {
	t.Helper()
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skipf("SKIPPED: cargo: %v", err)
	}
	s := p.Steps[slices.IndexFunc(p.Steps, func(s step.Step) bool { return s.Name == name })]
	root := t.TempDir()
	in := func(text string) string {
		for _, top := range []string{"/src", "/target", "/cargo", "/configuration"} {
			if value := text[strings.Index(text, "=")+1:]; value == top || strings.HasPrefix(value, top+"/") {
				return text[:len(text)-len(value)] + root + value
			}
		}
		return text
	}
	for _, m := range s.Mounts {
		to := in(m.Path)
		must(t, os.MkdirAll(to, 0o755))
		i := slices.IndexFunc(p.Trees, func(tree step.Tree) bool { return tree.Name == m.Tree })
		if i < 0 {
			continue // it starts empty
		}
		tree := p.Trees[i]
		switch {
		case tree.Repository:
			copyTo(t, source.Root, to)
		case tree.Source:
			copyTo(t, source.Dir, to)
		}
		for name, content := range tree.Files {
			at := filepath.Join(to, filepath.FromSlash(name))
			must(t, os.RemoveAll(at))
			if content != "" {
				must(t, os.MkdirAll(filepath.Dir(at), 0o755))
				must(t, os.WriteFile(at, []byte(content), 0o644))
			}
		}
	}
	cmd := exec.Command(s.Args[0], s.Args[1:]...)
	for i := range cmd.Args {
		cmd.Args[i] = in(cmd.Args[i])
	}
	cmd.Dir, cmd.Env = in(s.Dir), os.Environ()
	for _, e := range s.Env {
		if !strings.HasPrefix(e, "HOME=") { // where a rustup has its toolchains
			cmd.Env = append(cmd.Env, in(e))
		}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return root, out.String(), err
}

// copyTo copies a directory into another, links included.
func copyTo(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from+"/.", to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantSamePackage checks that the .crate file that the plan's steps make is, byte for byte, the
// one that cargo makes in a fresh clone of the repository.
func wantSamePackage(t *testing.T, repository, workspace, crate string) {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, repository, "-c", "protocol.file.allow=always", "clone", "--quiet", "--recurse-submodules", "file://"+repository, clone)
	p, source := planned(t, filepath.Join(clone, workspace), crate)
	if err := plan.Of(p).CheckDryRun(); err != nil || len(p.Findings.Stopping("release", "registry")) > 0 {
		t.Errorf("the plan has the findings %q, %v", p.Findings.Lines(), err)
	}
	root, out, err := onHost(t, p, source, plan.StepPackage)
	if err != nil {
		t.Fatalf("the step fails: %v\n%s", err, out)
	}
	target := t.TempDir()
	cargo := exec.Command("cargo", "package", "--offline", "--no-verify", "--package", crate)
	cargo.Dir, cargo.Env = filepath.Join(clone, workspace), append(os.Environ(), "CARGO_TARGET_DIR="+target, "SOURCE_DATE_EPOCH=0")
	if out, err := cargo.CombinedOutput(); err != nil {
		t.Fatalf("cargo package fails: %v\n%s", err, out)
	}
	name := filepath.Join("package", crate+"-0.1.0.crate")
	ours, err := os.ReadFile(filepath.Join(root, "target", name))
	must(t, err)
	theirs, err := os.ReadFile(filepath.Join(target, name))
	must(t, err)
	if !bytes.Equal(ours, theirs) {
		t.Errorf("the packages differ:\n%s\n%s", listed(t, filepath.Join(root, "target", name)), listed(t, filepath.Join(target, name)))
	}
}

// listed returns what is in a .crate file.
func listed(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("tar", "--list", "--verbose", "--file", name).CombinedOutput()
	must(t, err)
	info, err := exec.Command("tar", "--extract", "--to-stdout", "--wildcards", "--file", name, "*/.cargo_vcs_info.json").CombinedOutput()
	must(t, err)
	return string(out) + string(info)
}

// tree makes a repository of files, given by name, and of links, whose content begins with "-> ".
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(to), 0o755))
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			must(t, os.Symlink(target, to))
			continue
		}
		must(t, os.WriteFile(to, []byte(content), 0o644))
	}
	gittest.Run(t, dir, "init", "--quiet", "--initial-branch=main")
	commitAll(t, dir)
	return dir
}

func commitAll(t *testing.T, dir string) {
	t.Helper()
	gittest.Run(t, dir, "add", "--all")
	gittest.Run(t, dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message=all")
}

// manifest returns a [package] table that can be published, with more lines.
func manifest(name string, lines ...string) string {
	return "[package]\nname = \"" + name + "\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlicense = \"MIT\"\ndescription = \"d\"\n" + strings.Join(lines, "\n") + "\n"
}

// lock returns the lock file of a workspace of crates that depend on nothing.
func lock(crates ...string) string {
	text := "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n"
	for _, c := range crates {
		text += "\n[[package]]\nname = \"" + c + "\"\nversion = \"0.1.0\"\n"
	}
	return text
}
