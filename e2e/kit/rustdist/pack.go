package rustdist

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// What a pack is made by: a change of any of these files makes new ones.
//
//go:embed recipe channel.go component.go elf.go pack.go tarball.go transplant.go
var madeBy embed.FS

// pack is a release that is ready to be served.
type pack struct {
	Release   Release
	Artifacts []artifact
	dir       string
}

// unused is the time after which a pack that no test has opened is removed.
const unused = 14 * 24 * time.Hour

// open returns the pack of a channel from the user's cache, and makes it if there is none.
// The name of a pack has the digest of what made it, not of the packages that went in: those
// are known only once apt has been asked, and a pack is to be served at once and without a
// network. Its file packages lists them.
func open(ctx context.Context, name string, log io.Writer) (*pack, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	base = filepath.Join(base, "slipway-e2e", "rustdist")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(base, name+".lock"), log)
	if err != nil {
		return nil, err
	}
	defer unlock()
	digest, err := digestOf(madeBy)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(base, name+"-"+digest[:16])
	if !exists(dir) {
		prune(base, name)
		if err := makePack(ctx, name, dir, log); err != nil {
			return nil, fmt.Errorf("packing the %s Rust channel: %w", name, err)
		}
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // for prune
	p := &pack{dir: dir}
	raw, err := os.ReadFile(filepath.Join(dir, "pack.json"))
	if err != nil {
		return nil, err
	}
	return p, json.Unmarshal(raw, p)
}

// lock takes the lock of a file, so that of several test processes one packs.
func lock(name string, log io.Writer) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_, _ = fmt.Fprintf(log, "rustdist: waiting for the process that has locked %q\n", name)
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	return func() { _ = f.Close() }, nil
}

// digestOf returns the SHA-256 of files and their names, in hex.
func digestOf(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(files, name)
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(raw), raw)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// prune removes packs of a channel that have not been opened for long, and what is left of
// those that were never finished: with the lock nobody else is at it.
func prune(base, name string) {
	found, _ := filepath.Glob(filepath.Join(base, name+"-*"))
	for _, dir := range found {
		info, err := os.Stat(dir)
		if err == nil && (time.Since(info.ModTime()) > unused || filepath.Ext(dir) != "") {
			_ = os.RemoveAll(dir)
		}
	}
}

// makePack fetches, builds and packs a channel in a temporary directory that becomes dir.
func makePack(ctx context.Context, name, dir string, log io.Writer) error {
	begin := time.Now()
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(log, "rustdist: %s: %3.0f s: %s\n", name, time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
	// With names of their own: a script that has outlived its test may still be writing to the last.
	work, err := os.MkdirTemp(filepath.Dir(dir), name+"-*.work")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	out := filepath.Join(work, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	recipe := filepath.Join(work, "recipe")
	if err := writeRecipe(recipe); err != nil {
		return err
	}
	m := &making{ctx, sources[name], recipe, filepath.Join(work, "fetched"), filepath.Join(work, "trees"), filepath.Join(work, "prefix"), work, say}
	p, err := m.make(out)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "pack.json"), raw, 0o644); err != nil {
		return err
	}
	say("Rust %s is packed", p.Release.Version)
	return os.Rename(out, dir)
}

// writeRecipe writes the scripts to a directory.
func writeRecipe(dir string) error {
	recipe, err := fs.Sub(madeBy, "recipe")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, recipe)
}

// making is a channel that is being packed.
type making struct {
	ctx     context.Context
	source  source
	recipe  string // directory of the scripts
	fetched string // what fetch.sh writes
	trees   string // a directory for each component
	prefix  string // where the components are installed together
	work    string
	say     func(format string, args ...any)
}

func (m *making) make(out string) (*pack, error) {
	m.say("fetching Debian's packages of %s", m.source.suite)
	if err := run(m.ctx, "bash", filepath.Join(m.recipe, "fetch.sh"), m.source.suite, m.source.musl, m.fetched); err != nil {
		return nil, err
	}
	m.say("laying out the components")
	t, err := newTransplant(m.ctx, m.recipe, m.fetched, m.work)
	if err != nil {
		return nil, err
	}
	if err := t.stage(m.ctx, m.trees); err != nil {
		return nil, err
	}
	if err := t.stageRustup(m.ctx, filepath.Join(out, "rustup")); err != nil {
		return nil, err
	}
	if err := join(m.ctx, m.trees, m.prefix, "rustc", "cargo", "clippy-preview", "rustfmt-preview", "rust-std-"+host); err != nil {
		return nil, err
	}
	release, err := askRelease(m.ctx, m.prefix)
	if err != nil {
		return nil, err
	}
	if err := m.buildLibraries(); err != nil {
		return nil, err
	}
	if err := copyFile(filepath.Join(m.fetched, "packages"), filepath.Join(out, "packages")); err != nil {
		return nil, err
	}
	p := &pack{Release: release}
	for _, c := range components() {
		made, err := packComponent(m.ctx, release, c, filepath.Join(m.trees, c.name()), filepath.Join(out, "dist", release.Date))
		if err != nil {
			return nil, err
		}
		m.say("packed %s: %d MB in .tar.xz", made.XZ, made.Size>>20)
		p.Artifacts = append(p.Artifacts, made)
	}
	return p, nil
}

// buildLibraries builds the standard library for the musl targets.
func (m *making) buildLibraries() error {
	library, err := one(m.fetched, "root/usr/src/rustc-*/library")
	if err != nil {
		return err
	}
	vendor := filepath.Join(library, "vendor")
	if !exists(vendor) {
		// Debian's source of older releases comes without what the library depends on. Its
		// lock file says by hash what that is.
		m.say("fetching crates that the standard library depends on")
		vendor = filepath.Join(m.work, "vendor")
		if err := run(m.ctx, "env", "RUSTC_BOOTSTRAP=1", "RUSTC="+m.prefix+"/bin/rustc", m.prefix+"/bin/cargo", "vendor", "--quiet", "--locked",
			"--manifest-path", filepath.Join(library, "Cargo.toml"), vendor); err != nil {
			return err
		}
	}
	for target, at := range muslTargets {
		m.say("building the standard library for %s", target)
		own := filepath.Join("lib/rustlib", target, "lib")
		usr := filepath.Join(m.fetched, at.root, "usr/lib")
		tree := filepath.Join(m.trees, "rust-std-"+target)
		if err := run(m.ctx, "sh", filepath.Join(m.recipe, "std.sh"), m.prefix, library, vendor, target,
			filepath.Join(usr, at.musl), filepath.Join(usr, at.gnu), filepath.Join(tree, own)); err != nil {
			return err
		}
	}
	return nil
}
