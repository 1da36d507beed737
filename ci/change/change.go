// Package change has changes to the files of a workspace, which are shown before they are made.
package change

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"dagger/slipway/ci/console"
)

// File is one file before and after.
type File struct {
	Path string // slash-separated, relative to the workspace root
	Old  string
	New  string
}

// Diff returns the changes of files as a unified diff, for people and for `git apply`. A file
// without old content is shown as new. The result contains the lines of the files verbatim, so
// it must be printed with package console.
func Diff(files []File) string {
	var b strings.Builder
	for _, f := range files {
		old := "a/" + f.Path
		if f.Old == "" {
			old = "/dev/null"
		}
		text := diff.Diff(console.Inline(old), []byte(f.Old), console.Inline("b/"+f.Path), []byte(f.New))
		_, hunks, _ := strings.Cut(string(text), "\n") // the first line repeats both names
		b.WriteString(hunks)
	}
	return b.String()
}
