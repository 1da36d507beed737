package plan

import (
	"path"

	"dagger/slipway/ci/step"
)

// A workspace below a repository's root is at srcDir like any other. Only if the crate needs files
// outside of it, such as a path dependency or what a link leads to, it is at its path in the
// repository, and srcDir is the repository's root: relative paths then lead where they do in a
// clone.

// dir returns the workspace's directory in a step that does not package.
func (b *builder) dir() string { return path.Join(srcDir, b.prefix) }

// lockFile returns the workspace's lock file in such a step.
func (b *builder) lockFile() string { return path.Join(b.dir(), "Cargo.lock") }

// locked returns the mount of the lock file that cargo has made of the workspace's for this crate.
func (b *builder) locked() step.Mount {
	return step.Mount{Path: b.lockFile(), Step: StepFetch, Output: OutputLock}
}

// source returns a tree of the source in which cargo runs, with files of slipway's own. The
// configuration in a directory above the workspace is part of slipway's, so cargo must not find
// it; nor may rustup find a toolchain file.
func (b *builder) source(name string, files step.Files) step.Tree {
	t := step.Tree{Name: name, Source: true, Repository: b.prefix != "", Files: b.placed(files)}
	for at := b.prefix; at != "" && at != "."; {
		at = path.Dir(at)
		for _, file := range []string{".cargo/config", ".cargo/config.toml", "rust-toolchain", "rust-toolchain.toml"} {
			t.Files[path.Join(at, file)] = ""
		}
	}
	return t
}

// packaged returns the tree that is packaged. cargo runs beside it and reads no configuration
// there.
func (b *builder) packaged(files step.Files) step.Tree {
	return step.Tree{Name: packTree, Source: true, Repository: b.prefix != "", Files: b.placed(files)}
}

// placed returns files of the workspace by their names in a tree.
func (b *builder) placed(files step.Files) step.Files {
	if b.prefix == "" {
		return files
	}
	moved := make(step.Files, len(files))
	for name, content := range files {
		moved[path.Join(b.prefix, name)] = content
	}
	return moved
}
