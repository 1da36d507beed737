package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/setting"
	"dagger/slipway/ci/triple"
)

// declaration reads one image's table and keeps the first error.
type declaration struct {
	w     *Workspace
	name  string
	table map[string]any
	err   error
}

// fail records an error about a key of the table, or about the whole table if key is "".
func (d *declaration) fail(key, format string, args ...any) {
	if d.err != nil {
		return
	}
	where := "Cargo.toml"
	if line := d.w.imageLine(d.name, key); line > 0 {
		where = fmt.Sprintf("Cargo.toml:%d", line)
	}
	d.err = fmt.Errorf("reading image %q (%s): %s", d.name, where, fmt.Sprintf(format, args...))
}

// text returns a string setting, which must not be empty if present. Package setting has already
// checked its type.
func (d *declaration) text(key string) string {
	v, there := d.table[key]
	s, _ := v.(string)
	if there && s == "" {
		d.fail(key, "`%s` is %#v, expected a string that is not empty", key, v)
	}
	return s
}

func (d *declaration) list(key string) []string {
	v, there := d.table[key]
	list := texts(v)
	if there && len(list) == 0 {
		d.fail(key, "`%s` is %#v, expected a list of strings that is not empty", key, v)
	}
	return list
}

func (w *Workspace) readImage(name string, table map[string]any) (Image, error) {
	d := &declaration{w: w, name: name, table: table}
	img := Image{
		Name: name, Kind: d.text("kind"), Crate: d.text("crate"), Binary: d.text("binary"), File: d.text("file"),
		Targets: d.list("targets"), Entrypoint: d.text("entrypoint"),
	}
	if len(name) > 128 || !imageName.MatchString(name) {
		d.fail("", "an image's name is lower-case letters and digits, with single . _ or - between them, like my-image")
	}
	if kinds := []string{ImageLayer, ImageModule, ImageArtifact}; !slices.Contains(kinds, img.Kind) {
		d.fail("kind", "`kind` is %q, expected one of %q", img.Kind, kinds)
	}
	d.chooseTargets(&img)
	d.chooseContent(&img)
	d.chooseEntrypoint(&img)
	return img, d.err
}

// chooseTargets sets the image's targets: wasm (the default), or musl targets.
func (d *declaration) chooseTargets(img *Image) {
	if len(img.Targets) == 0 {
		img.Targets = []string{triple.Wasm}
	}
	if slices.Equal(img.Targets, []string{triple.Wasm}) {
		return
	}
	for i, t := range img.Targets {
		if !slices.Contains(triple.Released(), t) || slices.Contains(img.Targets[:i], t) {
			d.fail("targets", "`targets` has %q, expected only %q, or each of %q at most once", t, triple.Wasm, triple.Released())
		}
	}
	if img.Kind != ImageLayer || img.File != "" {
		d.fail("targets", "binaries for %q are built from a crate and have kind %q", img.Targets, ImageLayer)
	}
}

// chooseContent validates what the image contains: a crate's binary, or a file.
func (d *declaration) chooseContent(img *Image) {
	switch {
	case img.Crate != "" && img.File != "":
		d.fail("file", "it has a `crate` and a `file`, expected one of them")
	case img.File != "":
		if !fs.ValidPath(img.File) || path.Ext(img.File) != ".wasm" {
			d.fail("file", "`file` is %q, expected the path of a .wasm file below the workspace's root", img.File)
		} else if link, to := d.w.linkOn(img.File); link != "" {
			d.fail("file", "`file` is %q, and %q is a symbolic link to %.200q: name the file itself", img.File, link, to)
		} else if info, err := fs.Stat(d.w.fsys, img.File); err != nil || !info.Mode().IsRegular() {
			d.fail("file", "there is no file %q", img.File)
		}
		if img.Binary != "" {
			d.fail("binary", "a `binary` goes with a `crate`, but it has a `file`")
		}
	case img.Crate == "":
		d.fail("", "it has neither a `crate` nor a `file`, expected one of them")
	default:
		d.chooseBinary(img)
	}
}

// linkOn returns the first symbolic link in a file's path, including the file itself, and the
// link's target; "" if there is none. An image's content is read without following links, so that
// it is certainly a file of the workspace.
func (w *Workspace) linkOn(file string) (link, to string) {
	for i := range len(file) + 1 {
		if i < len(file) && file[i] != '/' {
			continue
		}
		if to, err := fs.ReadLink(w.fsys, file[:i]); err == nil {
			return file[:i], to
		}
	}
	return "", ""
}

func (d *declaration) chooseBinary(img *Image) {
	c, err := d.w.Crate(img.Crate)
	if err != nil {
		d.fail("crate", "%v", err)
		return
	}
	var names []string
	for _, b := range c.Bins {
		if checkBinaryName(b.Name) == nil {
			names = append(names, b.Name)
		}
	}
	switch {
	case len(names) == 0:
		d.fail("crate", "crate %q has no binary", img.Crate)
	case img.Binary == "" && len(names) > 1:
		d.fail("crate", "crate %q has the binaries %q: say which, with `binary`", img.Crate, names)
	case img.Binary == "":
		img.Binary = names[0]
	case !slices.Contains(names, img.Binary):
		d.fail("binary", "crate %q has no binary %q: it has %q", img.Crate, img.Binary, names)
	}
}

// chooseEntrypoint sets what the runtime starts. The defaults are runwasi's: /NAME.wasm in an
// ordinary image and IMAGE.wasm where the layer is the module.
func (d *declaration) chooseEntrypoint(img *Image) {
	switch {
	case img.Kind == ImageArtifact && img.Entrypoint != "":
		d.fail("entrypoint", "an artifact has no entrypoint")
	case !img.IsWasm() && img.Entrypoint != "":
		d.fail("entrypoint", "the entrypoint of such an image is its binary")
	case strings.ContainsFunc(img.Entrypoint, func(r rune) bool { return r < ' ' || r == 0x7f }):
		d.fail("entrypoint", "`entrypoint` is %q, expected one line", img.Entrypoint)
	case img.Entrypoint != "" || img.Kind == ImageArtifact:
	case img.Kind == ImageModule:
		img.Entrypoint = img.Name + ".wasm"
	default:
		img.Entrypoint = "/" + img.Filename()
	}
}

// imageLine returns the line in the root manifest of a key of an image, or of the image's table
// if the key is absent; 0 if neither is found.
func (w *Workspace) imageLine(name, key string) int {
	if _, declared := w.Settings.Images[name]; !declared { // see demoImages
		return 0
	}
	keys := append(setting.Workspace.Keys(), "images", name)
	if key != "" {
		keys = append(keys, key)
	}
	return w.line("Cargo.toml", keys...)
}
