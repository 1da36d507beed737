package cargo

import (
	"fmt"
	"maps"
	"slices"
)

// fields are the manifest fields that a registry reads, with inheritance resolved.
type fields struct {
	text     map[string]string   // the fields of [package] that hold a string
	lists    map[string][]string // keywords and categories
	features map[string][]string
	readme   any // as in the manifest: a path, true, false or nil
	// inherited holds the names of the fields taken from [workspace.package].
	inherited map[string]bool
}

// readFields reads c's fields. A value of the wrong type is a fault, because cargo refuses such a
// manifest too.
func (w *Workspace) readFields(c *Crate, m *manifest, inherited *packageTable) {
	f := fields{text: map[string]string{}, lists: map[string][]string{}, inherited: map[string]bool{}}
	own, root := registryFields(m.Package), registryFields(inherited)
	root["readme"] = w.sharedReadme(inherited.Readme)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		v, err := inherit(own[name], root[name], name)
		if err == nil {
			err = checkField(name, v)
		}
		if err != nil {
			c.refuse(err, "package", name)
			continue
		}
		_, f.inherited[name] = own[name].(map[string]any)
		switch v := v.(type) {
		case nil:
		case string:
			f.text[name] = v
		case []any:
			f.lists[name] = texts(v)
		}
		if name == "readme" {
			f.readme = v
		}
	}
	var err error
	f.features, err = readFeatures(m.Features)
	c.refuse(err, "features")
	c.fields = f
}

// sharedReadme returns the readme that members inherit, relative to the workspace root: the file
// that [workspace.package] names, or else the one that cargo finds by its name. It is nil, which
// cargo refuses to inherit, if there is none, or if `readme` is false.
func (w *Workspace) sharedReadme(readme any) any {
	switch v := readme.(type) {
	case nil:
		if found := w.findReadme("."); found != "" {
			return found
		}
		return nil
	case bool:
		if v {
			return "README.md"
		}
		return nil
	}
	return readme
}

// registryFields returns the fields that a registry reads, by name.
func registryFields(p *packageTable) map[string]any {
	return map[string]any{
		"description": p.Description, "license": p.License, "license-file": p.LicenseFile, "readme": p.Readme,
		"homepage": p.Homepage, "documentation": p.Documentation, "repository": p.Repository, "rust-version": p.RustVersion,
		"keywords": p.Keywords, "categories": p.Categories,
	}
}

func checkField(name string, v any) error {
	isList := name == "keywords" || name == "categories"
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		if name == "readme" {
			return nil
		}
	case string:
		if !isList {
			return nil
		}
	case []any:
		if isList && len(texts(v)) == len(v) {
			return nil
		}
	}
	if isList {
		return fmt.Errorf("field %q is %T, expected a list of strings", name, v)
	}
	return fmt.Errorf("field %q is %T, expected a string", name, v)
}

func readFeatures(v any) (map[string][]string, error) {
	if v == nil {
		return nil, nil
	}
	table, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("`features` is %T, expected a table", v)
	}
	features := map[string][]string{}
	for name, value := range table {
		list, ok := value.([]any)
		enables := texts(value)
		if !ok || len(enables) != len(list) {
			return nil, fmt.Errorf("feature %q is %T, expected a list of strings", name, value)
		}
		features[name] = enables
	}
	return features, nil
}
