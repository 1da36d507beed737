package console

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// formatting lists the files that format bytes which are not shown to anyone.
var formatting = []string{
	"ci/console/console.go", "ci/console/json.go", // this package
	"ci/dist/sums.go",                             // SHA256SUMS
	"ci/engine/frame.go", "ci/handover/digest.go", // a shell script; input of a digest
	"ci/local/tree.go", "ci/local/verify.go", "ci/prepare/requirement.go", // input of a digest or comparison
}

// opening lists the files that make files of descriptors which are none of the standard streams.
var opening = []string{"ci/beneath/beneath.go", "ci/local/netns.go"}

// TestOneDoor checks that everything slipway prints goes through this package: no other
// code uses the standard streams or prints, and text for people is formatted by this
// package's Sprintf, Fprintf and Errorf.
func TestOneDoor(t *testing.T) {
	files := sources(t)
	if len(files) < 200 {
		t.Fatalf("%d files found: is this the repository?", len(files))
	}
	for _, f := range files {
		for _, what := range bypasses(f.path, f.syntax) {
			t.Errorf("%s: %s: print through ci/console", f.path, what)
		}
	}
}

// TestWayRound checks that TestOneDoor finds violations.
func TestWayRound(t *testing.T) {
	for _, body := range []string{
		`fmt.Println("x")`, `fmt.Printf("x")`, `fmt.Fprint(nil, "x")`, `print("x")`, `println()`, `_ = os.Stdout`, `c.Stderr = os.Stderr`,
		`f(os.NewFile(1, ""))`, `_ = fmt.Errorf("a\n%s", "b")`, "_ = fmt.Errorf(`a\nb`)", `_ = fmt.Errorf("a"+"\n")`, `_, _ = os.OpenFile("/dev/stderr", 0, 0)`, `syscall.Write(1, nil)`,
		`console.AddSummary(os.Getenv("GITHUB_OUTPUT"))`, `f("::error::x")`,
	} {
		found := bypasses("ci/a/a.go", parse(t, "package a\nimport (\"fmt\"; \"os\")\nfunc g() { "+body+" }"))
		if len(found) != 1 {
			t.Errorf("%s: %q", body, found)
		}
	}
	for _, imported := range []string{`"log"`, `l "log/slog"`, `f "fmt"`, `. "fmt"`} {
		if found := bypasses("ci/a/a.go", parse(t, "package a\nimport "+imported)); len(found) != 1 {
			t.Errorf("import %s: %q", imported, found)
		}
	}
}

// bypasses returns what in a file bypasses this package.
func bypasses(path string, file *ast.File) []string {
	var found []string
	ours := strings.HasPrefix(path, "ci/console/")
	for _, i := range file.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		if (name == "log" || name == "log/slog") && !ours || i.Name != nil && (name == "fmt" || name == "os") {
			found = append(found, "it imports "+name+" so that nobody sees what is printed")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		var what string
		switch n := n.(type) {
		case *ast.SelectorExpr:
			what = selected(path, n)
		case *ast.CallExpr:
			what = called(n)
		case *ast.BasicLit:
			what = named(n)
		}
		if what != "" && !(ours && !strings.HasPrefix(what, "fmt.Print")) {
			found = append(found, what)
		}
		return true
	})
	return found
}

func selected(path string, n *ast.SelectorExpr) string {
	pkg, ok := n.X.(*ast.Ident)
	if !ok {
		return ""
	}
	switch name := pkg.Name + "." + n.Sel.Name; {
	case name == "os.Stdout", name == "os.Stderr", name == "os.NewFile" && !slices.Contains(opening, path), name == "syscall.Write", name == "unix.Write", strings.HasPrefix(name, "fmt.Print"):
		return name
	case strings.HasPrefix(name, "fmt.Fprint") && !slices.Contains(formatting, path):
		return name
	}
	return ""
}

// called finds calls of built-in functions that print, and of Errorf with several lines
// that does not mark whose they are.
func called(n *ast.CallExpr) string {
	if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
		return f.Name
	}
	f, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || len(n.Args) == 0 || f.Sel.Name != "Errorf" {
		return ""
	}
	lines := false
	ast.Inspect(n.Args[0], func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			lines = lines || strings.Contains(text, "\n")
		}
		return true
	})
	if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "fmt" && lines {
		return "fmt.Errorf of several lines"
	}
	return ""
}

// named finds strings that name other ways to a terminal or a job, and workflow commands.
func named(n *ast.BasicLit) string {
	text, err := strconv.Unquote(n.Value)
	if err != nil || n.Kind != token.STRING {
		return ""
	}
	for _, way := range []string{"/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/dev/fd/2", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"} {
		if strings.Contains(text, way) {
			return strconv.Quote(way)
		}
	}
	if obeyed(text) != "" {
		return "a workflow command"
	}
	return ""
}

// TestModuleErrors checks that every function of ci/module that package main calls makes
// its error safe to print, because the engine prints it.
func TestModuleErrors(t *testing.T) {
	checked := 0
	for _, f := range sources(t) {
		if !strings.HasPrefix(f.path, "ci/module/") {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil {
				continue
			}
			results := fn.Type.Results.List
			last := results[len(results)-1]
			if id, ok := last.Type.(*ast.Ident); !ok || id.Name != "error" {
				continue
			}
			checked++
			first, ok := fn.Body.List[0].(*ast.DeferStmt)
			if want := "console.ForPeople(&failed)"; !ok || len(last.Names) != 1 || last.Names[0].Name != "failed" || deferred(first.Call) != want {
				t.Errorf("%s: %s does not begin with defer %s", f.path, fn.Name.Name, want)
			}
		}
	}
	if checked < 4 {
		t.Errorf("%d functions found", checked)
	}
}

// deferred renders a call of a package's function on the address of a variable.
func deferred(call *ast.CallExpr) string {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 1 {
		return ""
	}
	arg, ok := call.Args[0].(*ast.UnaryExpr)
	if !ok || arg.Op != token.AND {
		return ""
	}
	return fmt.Sprintf("%s.%s(&%s)", f.X, f.Sel, arg.X)
}

type source struct {
	path   string
	syntax *ast.File
}

// sources returns the files of the command and the module, except those that Dagger
// generates.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var list []source
	for _, top := range []string{"main.go", "functions.go", "cmd", "ci"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "testdata" {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, name)
			list = append(list, source{filepath.ToSlash(rel), parse(t, string(text))})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func parse(t *testing.T, text string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
