package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dagger/slipway/ci/app"
)

// functions maps every command to the functions of the module that do the same.
var functions = map[string][]string{
	"release-crate":    {"Slipway.ReleaseCrate", "Crate.Release", "Crate.Dist", "Crate.Json"},
	"release-train":    {"Slipway.ReleaseTrain"},
	"plan":             {"Slipway.Plan", "Crate.Plan"},
	"build":            {"Crate.Build"},
	"test":             {"Crate.Test"},
	"stage":            {"Crate.Stage"},
	"dist":             {"Crate.Sign", "Crate.SignStaged"},
	"release-demo-app": {"Slipway.ReleaseDemoApp", "Slipway.Images"},
	"verify":           {"Slipway.Verify"},
	"reproduce":        {"Slipway.Reproduce"},
	"release-order":    {"Slipway.ReleaseOrder"},
	"prepare-release":  {"Slipway.PrepareRelease"},
	"workflows":        {"Slipway.Workflows"},
	"toolchain":        {"Slipway.Toolchain"},
}

// before are the functions of the module that are told something for those after them.
var before = []string{"Slipway.WithService", "Slipway.WithRegistryToken", "Slipway.WithSigning", "Slipway.Crate"}

// onlyCommand says why the module has no parameter for an option of the command.
var onlyCommand = map[string]string{
	"source":             "the module's constructor has it, as a directory",
	"toolchain":          "the module's constructor has it, and an OCI layout as a directory beside it",
	"rustup-dist-server": "the module's constructor has it",
	"channel":            "the module's constructor has it",
	"limits":             "the module's constructor has it",
	"base":               "the module's constructor has it, as a container",
	"runner":             "the module's steps run on the engine that called it",
	"cache":              "the engine has a cache of its own",
	"weaker-sandbox":     "the engine's containers can make the whole sandbox",
	"out":                "the module's functions return a directory",
	"stage":              "release-demo-app returns text: there is no directory to stage into",
	"write":              "the module's functions return what changes: `export` writes it",
	"check":              "as write: the caller compares",
	"open-pull-request":  "as write: the caller proposes",
	"repository":         "of prepare-release, for --open-pull-request",
	"github-api":         "of prepare-release, for --open-pull-request",
}

// onlyModule says why the command has no flag for a parameter of the module.
var onlyModule = map[string]string{
	"oidc-request-url":   "the command reads the job's own variable",
	"oidc-request-token": "the command reads the job's own variable",
	"key-password":       "the command reads $COSIGN_PASSWORD",
	"github-token":       "the command reads $GITHUB_TOKEN",
	"registry-token":     "the command reads $CARGO_REGISTRY_TOKEN",
	"registry-username":  "the command reads $REGISTRY_USERNAME",
	"registry-password":  "the command reads $REGISTRY_PASSWORD",
	"dist":               "of verify: the command's arguments are paths",
}

// without says why a function lacks options of its verb, by function and option; "*" is all.
var without = map[string]map[string]string{
	"Crate.Dist":     {"*": "it is a dry run whose files are returned"},
	"Crate.Json":     {"*": "it is a dry run as JSON"},
	"Crate.Build":    {"*": "it prints nothing"},
	"Crate.Stage":    {"*": "it returns a directory and prints nothing"},
	"Crate.Sign":     {"*": "it signs what it builds, and prints nothing"},
	"Slipway.Images": {"*": "it is a dry run whose files are returned"},
	"Crate.SignStaged": {
		"json":          "it returns a directory and prints nothing",
		"staged-digest": "its parameter is called digest",
	},
}

// TestCommandFlags compares the flags of every command with the declarations of its verb.
func TestCommandFlags(t *testing.T) {
	for _, c := range commands() {
		define(&c.Command, c.verb, openMachine)
		known := map[string]bool{"help": true}
		for _, o := range app.Options(c.verb) {
			if !o.InCommand() {
				continue
			}
			known[o.Name] = true
			f := c.Flags().Lookup(o.Name)
			if f == nil {
				t.Errorf("%s has no --%s", c.Name(), o.Name)
				continue
			}
			fallback := o.Default
			if _, isBool := o.Value.(*bool); isBool && fallback == "" {
				fallback = "false"
			}
			if f.DefValue != fallback {
				t.Errorf("%s --%s is %q by default, declared %q", c.Name(), o.Name, f.DefValue, o.Default)
			}
			got := strings.ReplaceAll(f.Usage, "`", "")
			if o.Env != "" {
				got = strings.TrimSuffix(got, " (default: $"+o.Env+")")
			}
			if got != strings.TrimSuffix(plain(o.Help), " (default: $"+o.Env+")") {
				t.Errorf("%s --%s: %q, declared %q", c.Name(), o.Name, got, o.Help)
			}
			if required := len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0; required != o.Required {
				t.Errorf("%s --%s is required: %v, declared %v", c.Name(), o.Name, required, o.Required)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !known[f.Name] {
				t.Errorf("%s --%s is not declared", c.Name(), f.Name)
			}
		})
	}
}

func plain(help string) string { return strings.NewReplacer("<", "", ">", "").Replace(help) }

// TestModuleParameters compares the parameters of every function of the module with the
// declarations of its verb.
func TestModuleParameters(t *testing.T) {
	module := readModule(t)
	for _, c := range commands() {
		for _, name := range functions[c.Name()] {
			f, ok := module[name]
			if !ok {
				t.Errorf("the module has no %s", name)
				continue
			}
			known := map[string]bool{}
			for _, o := range app.Options(c.verb) {
				if !o.InModule() {
					continue
				}
				p, ok := f[key(o)]
				known[key(o)] = true
				ofCrate := strings.HasPrefix(name, "Crate.") && (o.Name == "crate" || o.Name == "version")
				reason := without[name][o.Name] + without[name]["*"]
				switch {
				case signs(c.verb, o) && !ok, ofCrate && !ok, reason != "" && !ok:
				case !ok:
					t.Errorf("%s has no parameter for --%s of %s", name, o.Name, c.Name())
				case p != declared(o, name):
					t.Errorf("%s, %s: %+v, declared %+v", name, o.Name, p, declared(o, name))
				}
			}
			if name == "Crate.SignStaged" {
				known["digest"] = true
			}
			for p := range f {
				if !known[p] {
					t.Errorf("%s has the parameter %s, which is not declared", name, p)
				}
			}
		}
	}
}

// TestDifferences checks that every option of one front end alone has a reason, that every reason
// has an option, and that no command or function is missing.
func TestDifferences(t *testing.T) {
	used := map[string]bool{}
	for _, c := range commands() {
		if len(functions[c.Name()]) == 0 {
			t.Errorf("no function of the module does what %s does", c.Name())
		}
		for _, o := range app.Options(c.verb) {
			reasons := map[string]map[string]string{"command": onlyCommand, "module": onlyModule}[o.Only]
			if reasons != nil && reasons[o.Name] == "" {
				t.Errorf("--%s of %s is for the %s alone, and no reason is given", o.Name, c.Name(), o.Only)
			}
			used[o.Only+o.Name] = true
		}
	}
	for only, reasons := range map[string]map[string]string{"command": onlyCommand, "module": onlyModule} {
		for name := range reasons {
			if !used[only+name] {
				t.Errorf("a reason is given for --%s, which is not for the %s alone", name, only)
			}
		}
	}
	all := slices.Clone(before)
	for _, names := range functions {
		all = append(all, names...)
	}
	for name := range readModule(t) {
		if !slices.Contains(all, name) {
			t.Errorf("no command does what %s does", name)
		}
	}
	for name := range without {
		if !slices.Contains(all, name) {
			t.Errorf("a reason is given for %s, which the module has not", name)
		}
	}
}

// signs reports whether an option is one of a verb's own for signing, which `with-signing` is told.
func signs(v app.Verb, o app.Option) bool {
	s, ok := v.(interface{ HowToSign() *app.Signing })
	return ok && slices.ContainsFunc(app.Options(s.HowToSign()), func(own app.Option) bool { return own.Value == o.Value })
}

// parameter is a parameter of the module.
type parameter struct{ typ, help, fallback string }

// declared returns the parameter that the declaration of an option asks for.
func declared(o app.Option, function string) parameter {
	p := parameter{typ: reflect.TypeOf(o.Value).Elem().String(), help: o.ModuleHelp, fallback: o.Default}
	first, size := utf8.DecodeRuneInString(p.help)
	p.help = string(unicode.ToUpper(first)) + p.help[size:]
	switch o.Value.(type) {
	case *app.Secret:
		p.typ = "*dagger.Secret"
	case *app.File:
		if p.typ = "*dagger.File"; o.Secret {
			p.typ = "*dagger.Secret"
		}
	case *app.Directory:
		p.typ = "*dagger.Directory"
	}
	must := o.Required || function == "Slipway.Reproduce" && o.Name == "repository" || function == "Crate.SignStaged"
	if p.fallback == "" && !must {
		p.fallback = "optional"
		if p.typ == "string" {
			p.typ = "*string" // so that an empty one is not a missing one
		}
	}
	return p
}

// key makes the names of an option and of its parameter comparable.
func key(o app.Option) string {
	if o.Parameter != "" {
		return strings.ToLower(o.Parameter)
	}
	return strings.ReplaceAll(o.Name, "-", "")
}

// readModule returns the parameters of the module's functions, as Dagger reads them from comments.
func readModule(t *testing.T) map[string]map[string]parameter {
	t.Helper()
	module := map[string]map[string]parameter{}
	for _, name := range []string{"main.go", "functions.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			parameters := map[string]parameter{}
			for _, p := range f.Type.Params.List {
				if p.Names[0].Name != "ctx" {
					parameters[strings.ToLower(p.Names[0].Name)] = readParameter(file, p)
				}
			}
			module[fmt.Sprintf("%s.%s", f.Recv.List[0].Type.(*ast.StarExpr).X, f.Name)] = parameters
		}
	}
	if len(module) < 20 {
		t.Fatalf("%d functions found", len(module))
	}
	return module
}

// readParameter reads the type and the comment of a parameter. The comment stands alone before it.
func readParameter(file *ast.File, p *ast.Field) parameter {
	var comment string
	for _, c := range file.Comments {
		if c.End() < p.Pos() && c.End() > p.Pos()-6 {
			comment = ""
			for _, line := range c.List {
				comment += strings.TrimPrefix(line.Text, "//") + "\n"
			}
		}
	}
	help, pragma, _ := strings.Cut(strings.TrimSpace(comment), "\n\n")
	pragma = strings.TrimPrefix(strings.TrimSpace(pragma), "+")
	if value, ok := strings.CutPrefix(pragma, "default="); ok {
		pragma = strings.Trim(value, `"`)
	}
	return parameter{typeName(p.Type), strings.TrimSpace(help), pragma}
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.ArrayType:
		return "[]" + typeName(e.Elt)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return fmt.Sprint(e)
}
