package rustdist

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// transplant makes programs of a later Debian suite run on bookworm, wherever the tree they
// are in is laid: below /usr of an image, or where rustup keeps toolchains.
//
// The obvious way, to bring along the later glibc and name its loader as the interpreter,
// fails at just that: the interpreter's path is absolute. To start the loader from a
// launcher makes /proc/self/exe the loader's, by which cargo and rustc find themselves;
// and procedural macros would run on one glibc, and what they start on another. Rust's own
// programs run on the machine's glibc, and so do these:
//
//   - Libraries other than glibc's are copied beside the programs and found by an rpath
//     relative to them. It is a DT_RPATH, which holds for what the libraries load in turn,
//     and is not overridden by the LD_LIBRARY_PATH that rustup and cargo set. They lie in a
//     directory of their own, because those two variables name lib: build scripts and tests
//     must not get a later libstdc++ than the machine's.
//   - What they call of glibc that bookworm lacks is little (recipe/glibc.c), and comes from
//     a library that the programs load besides. They ask for it in versions that bookworm's
//     glibc does not know either, for which the loader would not start them: see downgrade.
type transplant struct {
	fetched string // a directory that fetch.sh wrote
	later   string // path of the compiled recipe/glibc.c
}

// newTransplant compiles what glibc lacks.
func newTransplant(ctx context.Context, recipe, fetched, work string) (transplant, error) {
	t := transplant{fetched, filepath.Join(work, later)}
	err := run(ctx, "gcc", "-O2", "-fPIC", "-shared", "-fno-builtin", "-Wall",
		"-Wl,--version-script="+filepath.Join(recipe, "glibc.map"), "-Wl,-soname,"+later,
		"-o", t.later, filepath.Join(recipe, "glibc.c"))
	return t, err
}

// programs copies programs into tree, by their paths there, with the libraries they need.
// These go into the directory private, but for those in placed: to the path that is given,
// or nowhere if that is empty, because another component has them.
func (t transplant) programs(ctx context.Context, tree, private string, programs, placed map[string]string) error {
	var sources []string
	for to, from := range programs {
		sources = append(sources, from)
		if err := copyFile(from, filepath.Join(tree, to)); err != nil {
			return err
		}
	}
	libraries, err := sharedLibraries(sources, []string{filepath.Join(t.fetched, "root/usr/lib/x86_64-linux-gnu")})
	if err != nil {
		return err
	}
	supplied, err := suppliedBy(t.later)
	if err != nil {
		return err
	}
	for _, from := range append(libraries, t.later) {
		to, ok := placed[filepath.Base(from)]
		if !ok {
			to = filepath.Join(private, filepath.Base(from))
		}
		if to == "" {
			continue
		}
		if err := addLibrary(ctx, from, filepath.Join(tree, to), supplied); err != nil {
			return err
		}
	}
	for to := range programs {
		if err := link(ctx, tree, to, private, supplied); err != nil {
			return err
		}
	}
	return nil
}

// addLibrary copies a library. If it has a runpath of its own, the loader forgets the
// program's rpath when it looks for what the library needs, so that goes.
func addLibrary(ctx context.Context, from, to string, supplied map[string]bool) error {
	if err := copyFile(from, to); err != nil {
		return err
	}
	found, err := exec.CommandContext(ctx, "patchelf", "--print-rpath", to).Output()
	if err != nil {
		return fmt.Errorf("reading the runpath of %q: %w", from, err)
	}
	if len(bytes.TrimSpace(found)) > 0 {
		if err := run(ctx, "patchelf", "--remove-rpath", to); err != nil {
			return err
		}
	}
	return downgrade(to, supplied)
}

// link tells a program where its libraries are.
func link(ctx context.Context, tree, program, private string, supplied map[string]bool) error {
	path := filepath.Join(tree, program)
	var rpath []string
	for _, dir := range slices.Compact([]string{private, "lib"}) {
		relative, err := filepath.Rel(filepath.Dir(program), dir)
		if err != nil {
			return err
		}
		rpath = append(rpath, "$ORIGIN/"+relative)
	}
	// patchelf 0.14 mixes the two up when it does both at once.
	if err := run(ctx, "patchelf", "--force-rpath", "--set-rpath", strings.Join(rpath, ":"), path); err != nil {
		return err
	}
	if err := run(ctx, "patchelf", "--add-needed", later, path); err != nil {
		return err
	}
	return downgrade(path, supplied)
}

// copyFile copies a file with its mode, following symbolic links, and makes the directories
// above it.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("copying %q: %w", from, err)
	}
	return out.Close()
}

// run runs a command, and has what it said in its error.
func run(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("running %q: %w\n%s", args, err, out)
	}
	return nil
}
