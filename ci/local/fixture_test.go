package local

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"dagger/slipway/ci/step"
)

// builtProbe is the variable with the path of a compiled probe, for tests that run in another
// process.
const builtProbe = "SLIPWAY_TEST_PROBE"

// buildProbe compiles testdata/probe statically, once for all tests.
var buildProbe = sync.OnceValues(func() ([]byte, error) {
	if name := os.Getenv(builtProbe); name != "" {
		return os.ReadFile(name)
	}
	dir, err := os.MkdirTemp("", "probe-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	to := filepath.Join(dir, "probe")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the probe: %w\n%s", err, out)
	}
	return os.ReadFile(to)
})

// sandboxWorks returns the reason why this machine has no sandbox, "" if it has one.
var sandboxWorks = sync.OnceValue(func() string {
	if _, err := exec.LookPath("bwrap"); err != nil {
		return "no bwrap: install bubblewrap"
	}
	out, err := exec.Command("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--", "true").CombinedOutput()
	if err != nil {
		return fmt.Sprintf("bwrap does not run here: %v: %s", err, bytes.TrimSpace(out))
	}
	return ""
})

func needSandbox(t *testing.T) {
	t.Helper()
	if why := sandboxWorks(); why != "" {
		t.Skip("SKIPPED: " + why)
	}
}

type file struct {
	name, content string
	mode          int64
	link          string
	kind          byte
}

// archive returns a tar archive of files.
func archive(t *testing.T, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), Linkname: f.link, Typeflag: f.kind, Format: tar.FormatPAX}
		if f.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// writeImage writes an OCI layout with an image that contains the probe and more files.
func writeImage(t *testing.T, more ...file) string {
	t.Helper()
	probe, err := buildProbe()
	if err != nil {
		t.Fatal(err)
	}
	raw := archive(t, append([]file{
		{name: "bin/", kind: tar.TypeDir, mode: 0o755},
		{name: "bin/probe", content: string(probe), mode: 0o755},
		{name: "data/marker", content: "of the image\n", mode: 0o644},
	}, more...)...)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config := &v1.ConfigFile{OS: "linux", Architecture: platform.Architecture, Config: v1.Config{Env: []string{"PATH=/bin", "IMAGE=yes", "HOME=/of/the/image"}}}
	config.RootFS.Type = "layers"
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.RootFS = c.RootFS
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendImage(img, layout.WithPlatform(platform)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// logged records what a runner reports.
type logged struct {
	mu    sync.Mutex
	lines []string
	begun []string
	ended []string
}

func (l *logged) Begin(s step.Step) { l.add(&l.begun, s.Name) }

func (l *logged) End(s step.Step, r step.Result, err error) {
	l.add(&l.ended, fmt.Sprintf("%s cached=%t failed=%t", s.Name, r.Cached, err != nil))
}
func (l *logged) Line(_ step.Step, line string) { l.add(&l.lines, line) }

func (l *logged) add(list *[]string, s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, s)
}

// machine is a cache, an image and a source that several runners share.
type machine struct {
	cache, image, source string
	trees                []step.Tree
	log                  *logged
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	needSandbox(t)
	return &machine{cache: filepath.Join(t.TempDir(), "cache"), image: writeImage(t), source: t.TempDir(), log: &logged{}}
}

// runner opens a runner as a new process would.
func (m *machine) runner(t *testing.T) *Runner {
	t.Helper()
	r, err := New(Options{Cache: m.cache, Source: m.source, Trees: m.trees, Images: map[string]string{"probe": m.image}, Log: m.log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// probe returns a step that runs the probe with a writable /out.
func probe(args ...string) step.Step {
	return step.Step{
		Name: "probe", Image: step.Image{Ref: "probe"}, Args: append([]string{"/bin/probe"}, args...), Dir: "/",
		Mounts: []step.Mount{{Path: "/out"}},
	}
}

// run runs a step that must succeed.
func run(t *testing.T, r *Runner, s step.Step) step.Result {
	t.Helper()
	result, err := r.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// exported returns the content of an output that is a file.
func exported(t *testing.T, r *Runner, name, output string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "exported")
	if err := r.Export(t.Context(), name, output, to); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one that says %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

// glob returns the only path that matches.
func glob(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s matches %q, %v", pattern, found, err)
	}
	return found[0]
}

// hasOneName reports whether a file has a single hard link.
func hasOneName(t *testing.T, info os.FileInfo) bool {
	t.Helper()
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 1
}
