package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/tomlfile"
)

// maxIncluded is how many files a workspace's configuration may include. A file that is included
// twice counts twice, so a circle ends here.
const maxIncluded = 64

// configReader reads configuration files and those that they include.
type configReader struct {
	fsys     fs.FS
	nightly  bool
	included int
	found    []refused
}

// read reads a configuration file and those that it includes (The Cargo Book, "Configuration",
// include), without the keys that are refused. Its own keys take precedence, and then those of the
// file that it names last.
func (c *configReader) read(name string, raw []byte) (map[string]any, error) {
	var tree map[string]any
	if err := tomlfile.Unmarshal(raw, &tree); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	list := tree["include"]
	delete(tree, "include")
	moveRelative(tree, path.Dir(path.Dir(name)))
	r := &refusals{nightly: c.nightly, file: name, line: tomlfile.Lines(raw)}
	r.config(tree)
	for _, i := range slices.Backward(r.includes(list)) {
		if c.included++; c.included > maxIncluded {
			r.say([]string{"include"}, fmt.Sprintf("`include` leads to more than %d files, expected fewer and no circle", maxIncluded))
			break
		}
		file := path.Join(path.Dir(name), i.path)
		raw, err := fs.ReadFile(c.fsys, file)
		if errors.Is(err, fs.ErrNotExist) {
			if !i.optional {
				r.say([]string{"include"}, fmt.Sprintf("`include` names %s, which is not in the source", quote.Line(i.path)))
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading what %q includes: %w", name, err)
		}
		included, err := c.read(file, raw)
		if err == nil {
			tree, err = mergeConfig(tree, included)
		}
		if err != nil {
			return nil, fmt.Errorf("reading what %q includes: %w", name, err)
		}
	}
	c.found = append(c.found, r.list...)
	return tree, nil
}

// include is a file that a configuration takes more from.
type include struct {
	path     string
	optional bool
}

// includes reads the value of `include`: a path, or a list of paths and tables. What it cannot name is
// refused.
func (r *refusals) includes(value any) (list []include) {
	if value == nil {
		return nil
	}
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, v := range values {
		var i include
		switch v := v.(type) {
		case string:
			i.path = v
		case map[string]any:
			i.path, _ = v["path"].(string)
			i.optional, _ = v["optional"].(bool)
		}
		if path.Ext(i.path) != ".toml" || path.IsAbs(i.path) {
			r.say([]string{"include"}, fmt.Sprintf("`include` names %s, expected a relative path that ends in .toml", quote.Line(i.path)))
			continue
		}
		list = append(list, i)
	}
	return list
}
