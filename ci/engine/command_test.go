package engine

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// command is what a command does.
type command struct {
	code           int
	stdout, stderr string
	began          string            // the content of stampFile; "" is now
	files          map[string]string // by path in the container, "-> target" for a link
	size           int               // the size of every file; 0 is its own
}

// file returns the value of calls on a container after a command.
func (c command) file(calls chain) (any, error) {
	name, last := calls[0].text("path"), calls[len(calls)-1]
	content, isFile := c.files[name]
	switch {
	case last.name == "contents" && name == stampFile && c.began == "":
		return fmt.Sprintf("%d\n", time.Now().Unix()), nil
	case last.name == "contents" && name == stampFile:
		return c.began, nil
	case last.name == "size" && isFile && c.size > 0:
		return c.size, nil
	case last.name == "size" && isFile:
		return len(content), nil
	case last.name == "export" && calls[0].name == "file" && isFile:
		return last.text("path"), put(last.text("path"), content)
	case last.name == "export" && calls[0].name == "directory":
		return last.text("path"), c.export(name, last.text("path"), calls.calls("filter"))
	}
	return nil, fmt.Errorf("%v: no such file", calls)
}

// export writes the files below a directory of the container that no filter excludes.
func (c command) export(dir, to string, filters []call) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for name, content := range c.files {
		inside, ok := strings.CutPrefix(name, dir+"/")
		if !ok || slices.ContainsFunc(filters, func(f call) bool {
			return slices.ContainsFunc(f.list("exclude"), func(pattern string) bool {
				matched, err := path.Match(strings.TrimPrefix(pattern, "**/"), path.Base(name))
				return matched || err != nil
			})
		}) {
			continue
		}
		if err := put(filepath.Join(to, inside), content); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file or link of a command.
func put(name, content string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if target, ok := strings.CutPrefix(content, "-> "); ok {
		return os.Symlink(target, name)
	}
	return os.WriteFile(name, []byte(content), 0o644)
}
