// Command generate writes the functions of the Dagger module, functions.go. Their comments and
// what they do stand in a template; their parameters and how these reach a verb of ci/app follow
// from the verb's declarations. Run it by `go generate` in the module's root.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"text/template"

	"dagger/slipway/ci/console"
)

//go:embed functions.go.tmpl
var functions string

func main() {
	if err := generate(filepath.Join(".", "functions.go")); err != nil {
		console.Fprintf(console.Stderr, "generate: %s\n", console.ErrorText(err))
		os.Exit(1)
	}
}

func generate(to string) error {
	raw, err := render()
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o644)
}

// render returns the text of functions.go.
func render() ([]byte, error) {
	t, err := template.New("functions.go").Funcs(template.FuncMap{"params": params, "set": set, "fields": fields, "given": given, "keep": keep}).Parse(functions)
	if err != nil {
		return nil, fmt.Errorf("reading the template of functions.go: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, fmt.Errorf("writing functions.go: %w", err)
	}
	raw, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("formatting functions.go: %w", err)
	}
	return raw, nil
}
