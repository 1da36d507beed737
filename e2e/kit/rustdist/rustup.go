package rustdist

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dagger/slipway/e2e/kit"
)

// Rustup is Debian's rustup, with toolchains and settings of its own and this server as the
// only one it knows.
type Rustup struct {
	Home string // CARGO_HOME; rustup's own directory lies beside it
	Bin  string // a directory with rustup, and cargo and rustc that choose a toolchain
	env  []string
}

// Rustup returns the rustup that was packed with a release, as if freshly installed in an
// empty directory.
func (s *Server) Rustup(t testing.TB, name string) *Rustup {
	t.Helper()
	dir := t.TempDir()
	u := &Rustup{Home: filepath.Join(dir, "cargo"), Bin: filepath.Join(dir, "bin")}
	packed := filepath.Join(s.packs[name].dir, "rustup")
	kit.Check(t, os.CopyFS(dir, os.DirFS(packed)))
	for _, proxy := range []string{"cargo", "rustc"} {
		kit.Check(t, os.Symlink("rustup", filepath.Join(u.Bin, proxy)))
	}
	u.env = []string{
		"RUSTUP_HOME=" + filepath.Join(dir, "rustup"), "CARGO_HOME=" + u.Home, "RUSTUP_DIST_SERVER=" + s.URL(),
		"PATH=" + u.Bin + ":" + os.Getenv("PATH"), "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1",
	}
	return u
}

// Run runs a program of Bin in a directory, with more environment.
func (u *Rustup) Run(t testing.TB, dir string, env []string, args ...string) kit.Result {
	t.Helper()
	args = append([]string{filepath.Join(u.Bin, args[0])}, args[1:]...)
	return kit.Command{Args: args, Dir: dir, Env: append(slices.Clone(u.env), env...)}.Run(t)
}

// Toolchain returns the directory of an installed toolchain.
func (u *Rustup) Toolchain(name string) string {
	return filepath.Join(filepath.Dir(u.Home), "rustup", "toolchains", name+"-"+host)
}
