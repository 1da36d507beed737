package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// consumer makes a package with a binary that depends on hello-lib, for a user without a
// token.
func consumer(t *testing.T, s *Server) cargo {
	t.Helper()
	c := packaged(t, s, "", "hello", "1.0.0", fmt.Sprintf("\n[dependencies]\nhello-lib = { version = \"0.1\", registry = %q }\n", Name))
	check(t, os.Remove(filepath.Join(c.dir, "src/lib.rs")))
	c.write(t, "src/main.rs", "fn main() {\n    println!(\"the answer is {}\", hello_lib::answer());\n}\n")
	return c
}

// TestRegistryConsumer checks that another crate builds from the registry and records the
// checksum in its lock file.
func TestRegistryConsumer(t *testing.T) {
	s := start(t, Options{})
	packaged(t, s, "alice", "hello-lib", "0.1.0", "").must(t, upload...)
	c := consumer(t, s)
	if out := c.must(t, "run", "--quiet"); out != "the answer is 42\n" {
		t.Errorf("it says %q", out)
	}
	lock, err := os.ReadFile(filepath.Join(c.dir, "Cargo.lock"))
	check(t, err)
	for _, v := range wantVersions(t, s, "hello-lib", "0.1.0") {
		if !strings.Contains(string(lock), fmt.Sprintf("checksum = %q", v.Checksum)) {
			t.Errorf("the lock file has another checksum than %s:\n%s", v.Checksum, lock)
		}
	}
}

// TestRegistryYank checks that a yanked version is available only to those who have it in a
// lock file, and cannot be published again.
func TestRegistryYank(t *testing.T) {
	s := start(t, Options{})
	owner := packaged(t, s, "alice", "hello-lib", "0.1.0", "")
	owner.must(t, upload...)
	locked := consumer(t, s)
	locked.must(t, "generate-lockfile")
	check(t, s.Yank("hello-lib", "0.1.0"))
	wantVersions(t, s, "hello-lib", "0.1.0 yanked")
	locked.must(t, "check", "--locked")
	consumer(t, s).refused(t, "version 0.1.0 is yanked", "check")
	// cargo does not see the version in the index, so here the server refuses it.
	owner.refused(t, "(status 400 Bad Request): ERROR: Crate with version already exists: hello-lib-0.1.0", upload...)
	if err := s.Yank("hello-lib", "0.2.0"); err == nil || !strings.Contains(err.Error(), `"0.2.0"`) {
		t.Errorf("yanking a version that there is not: %v", err)
	}
	owner.must(t, "yank", "--registry", Name, "--undo", "hello-lib@0.1.0")
	wantVersions(t, s, "hello-lib", "0.1.0")
}
