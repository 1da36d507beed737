package main

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/gittest"
	"dagger/slipway/ci/module"
)

// workspaceOnly is a host that reads a workspace and runs nothing: it has what both front ends'
// hosts have in common.
type workspaceOnly struct {
	machine
	dir string
}

func (h *workspaceOnly) Files(context.Context, string) (string, error) { return h.dir, nil }

func (h *workspaceOnly) Runners(context.Context, app.Job) (*app.Runners, error) {
	panic("a plan runs something")
}

// TestSamePlan checks that the command's flags and the module's arguments give the same plan,
// whatever it is of and however it is signed.
func TestSamePlan(t *testing.T) {
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		t.Setenv(name, "")
	}
	dir := gittest.Repository(t, filepath.Join("..", "..", "examples", "workspace"))
	subject := app.Subject{Crate: "shim-demo", Version: "0.1.0"}
	own := []string{"--fulcio-url", "https://fulcio.example.org", "--rekor-url", "https://rekor.example.org", "--timestamp-url", "https://tsa.example.org"}
	key := app.Signing{Key: app.File{Read: func(context.Context) ([]byte, error) { return nil, nil }}}
	private := app.Signing{FulcioURL: own[1], RekorURL: own[3], TimestampURL: own[5]}
	digests := map[string]string{}
	for how, signing := range map[string]struct {
		flags []string
		in    app.Signing
	}{"keyless": {nil, app.Signing{}}, "a key": {[]string{"--key", "cosign.key"}, key}, "a private sigstore": {own, private}} {
		for name, tt := range map[string]struct {
			flags []string
			verb  app.Verb
		}{
			"crate":  {[]string{"plan", "--crate", "shim-demo", "--version", "0.1.0"}, &app.Plan{Subject: subject}},
			"train":  {[]string{"release-train", "--crates", "shimkit,shim-core,shim-demo", "--plan"}, &app.Train{Plan: true, Crates: []string{"shimkit", "shim-core", "shim-demo"}}},
			"images": {[]string{"release-demo-app", "--version", "0.1.0", "--plan"}, &app.Images{Version: "0.1.0", Plan: true}},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				command := commandPlan(t, dir, slices.Concat(tt.flags, signing.flags, []string{"--source", dir, "--json"}))
				for _, o := range app.Options(tt.verb) {
					if o.Name == "json" {
						*o.Value.(*bool) = true
					}
				}
				module.Inputs{Workspace: dir, Signing: signing.in}.Apply(tt.verb)
				h := &workspaceOnly{dir: dir}
				made, err := tt.verb.Run(t.Context(), h)
				if err := h.close(); err != nil {
					t.Error(err)
				}
				if err != nil || made.Output != command || made.Plan == "" {
					t.Errorf("%v: the module's plan is\n%s\nand the command's\n%s", err, made.Output, command)
				}
				if other, ok := digests[made.Plan]; ok {
					t.Errorf("the plan is that of %s", other)
				}
				digests[made.Plan] = t.Name()
			})
		}
	}
}

// commandPlan runs the command and returns what it prints.
func commandPlan(t *testing.T, dir string, args []string) string {
	t.Helper()
	var out bytes.Buffer
	c := newCommand(func(c *cobra.Command) (app.Host, func() error) {
		h := &workspaceOnly{machine: machine{command: c}, dir: dir}
		return h, h.close
	})
	c.SetArgs(args)
	c.SetOut(&out)
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestOnePath checks that every verb in the module's functions is run by the functions of main.go
// that apply what was given before, signing included.
func TestOnePath(t *testing.T) {
	var runs, applied int
	for _, name := range []string{"main.go", "functions.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			calls := called(f.Body)
			last := f.Type.Results
			if f.Name.IsExported() && last != nil && len(last.List) == 2 {
				runs++
				if !slices.ContainsFunc(calls, func(c string) bool { return slices.Contains([]string{"run", "directory", "changed", "inputs"}, c) }) {
					t.Errorf("%s runs no verb", f.Name)
				}
			}
			if slices.Contains(calls, "Run") {
				t.Errorf("%s runs a verb by itself", f.Name)
			}
			if f.Name.Name == "inputs" && slices.Contains(calls, "options") {
				applied++
			}
		}
	}
	if runs < 18 || applied != 1 {
		t.Errorf("%d functions, and signing is given by %d", runs, applied)
	}
}

// called returns the names of the methods and functions that a body calls.
func called(body ast.Node) (names []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if s, ok := c.Fun.(*ast.SelectorExpr); ok {
				names = append(names, s.Sel.Name)
			}
		}
		return true
	})
	return names
}

// TestExitStatus checks the exit status of outcomes, and what is printed of them.
func TestExitStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		made   app.Outcome
		err    error
		status int
		err2   string
	}{
		"good":       {app.Outcome{Output: "x"}, nil, 0, ""},
		"bad":        {app.Outcome{Output: "x", Verdict: app.Bad}, nil, 1, ""},
		"cannot say": {app.Outcome{Output: "x", Verdict: app.Unknown}, nil, 2, ""},
		"no answer":  {app.Outcome{Output: "x", Verdict: app.Unknown}, os.ErrNotExist, 2, "file does not exist"},
		"an error":   {app.Outcome{Output: "x"}, os.ErrNotExist, 0, "file does not exist"},
	} {
		var out, notes strings.Builder
		c := &cobra.Command{}
		c.SetOut(&out)
		c.SetErr(&notes)
		tt.made.Notes = []string{"n"}
		err := report(c, tt.made, tt.err)
		exit, _ := err.(exitError)
		if exit.status != tt.status || out.String() != "x" || notes.String() != "note: n\n" || tt.err2 != "" && (err == nil || err.Error() != tt.err2) {
			t.Errorf("%s: %v, status %d, printed %q and %q", name, err, exit.status, out.String(), notes.String())
		}
	}
}
