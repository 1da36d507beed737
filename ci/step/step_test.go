package step

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/secret"
)

func TestCheck(t *testing.T) {
	trees := []Tree{{Name: "source"}}
	fetch := Step{Name: "fetch", Mounts: []Mount{{Path: "/cargo"}, {Path: "/src", Tree: "source", ReadOnly: true}}, Outputs: []Output{{Name: "cargo", Path: "/cargo/home", Dir: true}, {Name: "lock", Path: "/cargo/lock"}}}
	tests := []struct {
		name  string
		steps []Step
		want  string
	}{
		{"nothing", nil, ""},
		{"one after the other", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/c", Step: "fetch", Output: "cargo"}}}}, ""},
		{"a file in a mount", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/src", Tree: "source"}, {Path: "/src/lock", Step: "fetch", Output: "lock"}}}}, ""},
		{"a file in no mount", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/src/lock", Step: "fetch", Output: "lock"}}}}, `the file "/src/lock" is not below any of its writable mounts`},
		{"a file in what is read-only", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/src", Tree: "source", ReadOnly: true}, {Path: "/src/lock", Step: "fetch", Output: "lock"}}}}, `the file "/src/lock" is not below any of its writable mounts`},
		{"image of a step", []Step{fetch, {Name: "build", Image: Image{Step: "fetch", Output: "cargo"}}}, ""},
		{"name twice", []Step{fetch, fetch}, `checking steps: "fetch" appears twice`},
		{"in the wrong order", []Step{{Name: "build", Mounts: []Mount{{Path: "/c", Step: "fetch", Output: "cargo"}}}, fetch}, `checking step "build": no earlier step leaves output "cargo" of "fetch"`},
		{"itself", []Step{{Name: "a", Mounts: []Mount{{Path: "/c", Step: "a", Output: "x"}}, Outputs: []Output{{Name: "x", Path: "/c"}}}}, `no earlier step leaves output "x" of "a"`},
		{"no such output", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/c", Step: "fetch", Output: "other"}}}}, `no earlier step leaves output "other" of "fetch"`},
		{"no such image", []Step{{Name: "a", Image: Image{Step: "b", Output: "root"}}}, `checking step "a": no earlier step leaves image "root" of "b"`},
		{"no such tree", []Step{{Name: "a", Mounts: []Mount{{Path: "/src", Tree: "other"}}}}, `checking step "a": no tree "other"`},
		{"environment not sorted", []Step{{Name: "a", Env: []string{"B=1", "A=1"}}}, `checking step "a": its environment is not sorted`},
		{"output nowhere", []Step{{Name: "a", Outputs: []Output{{Name: "x", Path: "/out"}}}}, `output "/out" is not below any of its writable mounts`},
		{"output beside a mount", []Step{{Name: "a", Mounts: []Mount{{Path: "/out"}}, Outputs: []Output{{Name: "x", Path: "/output"}}}}, `output "/output" is not below any`},
		{"output in what is read-only", []Step{{Name: "a", Mounts: []Mount{{Path: "/src", Tree: "source", ReadOnly: true}}, Outputs: []Output{{Name: "x", Path: "/src/x"}}}}, `output "/src/x" is not below any`},
		{"output in a read-only mount inside a writable one", []Step{{Name: "a", Mounts: []Mount{{Path: "/out"}, {Path: "/out/src", Tree: "source", ReadOnly: true}}, Outputs: []Output{{Name: "x", Path: "/out/src/x"}}}}, `output "/out/src/x" is not below any`},
		{"output twice", []Step{{Name: "a", Mounts: []Mount{{Path: "/out"}}, Outputs: []Output{{Name: "x", Path: "/out/a"}, {Name: "x", Path: "/out/b"}}}}, `checking step "a": output "x" appears twice`},
		{"one over another", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/c"}, {Path: "/c", Step: "fetch", Output: "cargo", Over: true}}}}, ""},
		{"over nothing", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/b"}, {Path: "/c", Step: "fetch", Output: "cargo", Over: true}}}}, `nothing writable is mounted at "/c" before what is laid over it`},
		{"over what is read-only", []Step{fetch, {Name: "build", Mounts: []Mount{{Path: "/c", Tree: "source", ReadOnly: true}, {Path: "/c", Step: "fetch", Output: "cargo", Over: true}}}}, `nothing writable is mounted at "/c"`},
		{"no command is not our concern", []Step{{Name: "a"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Check(tt.steps, trees)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	s := Step{Image: Image{Step: "image", Output: "root"}, Mounts: []Mount{{Path: "/a", Step: "fetch"}, {Path: "/b", Tree: "x"}, {Path: "/c"}, {Path: "/d", Step: "build"}, {Path: "/e", Step: "fetch"}}}
	if got := s.Needs(); !slices.Equal(got, []string{"build", "fetch", "image"}) {
		t.Errorf("Needs = %q", got)
	}
	if got := (Step{}).Needs(); len(got) > 0 {
		t.Errorf("Needs of nothing = %q", got)
	}
}

func TestMountOf(t *testing.T) {
	s := Step{Mounts: []Mount{{Path: "/target/release"}, {Path: "/target"}, {Path: "/src"}, {Path: "/target/rel"}}}
	for path, want := range map[string]string{
		"/target": "/target", "/target/x/release/bin": "/target", "/target/release": "/target/release",
		"/target/release/bin": "/target/release", "/target/released": "/target", "/src/x": "/src", "/other": "",
	} {
		if got := s.MountOf(Output{Path: path}).Path; got != want {
			t.Errorf("MountOf(%s) = %q, want %q", path, got, want)
		}
	}
}

func TestWithin(t *testing.T) {
	tests := []struct {
		path, dir string
		want      bool
	}{
		{"/a", "/a", true},
		{"/a/b", "/a", true},
		{"/a/b", "/a/", true},
		{"/ab", "/a", false},
		{"/", "/a", false},
		{"/a", "/", true},
	}
	for _, tt := range tests {
		if got := Within(tt.path, tt.dir); got != tt.want {
			t.Errorf("Within(%q, %q) = %t", tt.path, tt.dir, got)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got := Environment([]string{"PATH=/bin", "HOME=/root", "EMPTY=", "X=a=b", "WRAPPER=/w"}, []string{"HOME=/tmp", "A=1", "OTHER=", "WRAPPER="})
	if want := []string{"A=1", "EMPTY=", "HOME=/tmp", "PATH=/bin", "X=a=b"}; !slices.Equal(got, want) {
		t.Errorf("Environment = %q, want %q", got, want)
	}
}

func TestFilesJSON(t *testing.T) {
	raw, err := json.Marshal(Files{"b": "", "a/x": "hello\n"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a/x":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","b":""}`
	if string(raw) != want {
		t.Errorf("JSON %s, want %s", raw, want)
	}
	var back Files
	if err := json.Unmarshal(raw, &back); err == nil || !strings.Contains(err.Error(), "plan again from the workspace") {
		t.Errorf("reading it back: %v", err)
	}
}

func TestStepJSON(t *testing.T) {
	s := Step{Name: "n", Args: []string{"a"}, Dir: "/", Quiet: true, Failure: "words"}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"n","about":"","image":{},"args":["a"],"dir":"/","network":false}`; string(raw) != want {
		t.Errorf("JSON %s, want %s", raw, want)
	}
}

func TestExitError(t *testing.T) {
	err := &ExitError{Step: "build x", Code: 101, Stdout: "no", Tail: "error: could not compile"}
	if want := "running step \"build x\": its command exited with status 101\nerror: could not compile"; err.Error() != want {
		t.Errorf("Error = %q", err.Error())
	}
}

func TestSecrets(t *testing.T) {
	given := Secrets{"registry": secret.New("s3cret"), "none": secret.New("")}
	s := Step{Name: "upload", Secrets: []Secret{{Env: "TOKEN", Name: "registry"}}}
	if env, err := given.Of(s); err != nil || !slices.Equal(env, []string{"TOKEN=s3cret"}) {
		t.Errorf("Of = %q, %v", env, err)
	}
	s.Secrets[0].Name = "none"
	if _, err := given.Of(s); err == nil || !strings.Contains(err.Error(), `the secret "none" was not passed`) {
		t.Errorf("Of a step whose secret is empty: %v", err)
	}
	if own := given.Own(Step{}); len(own) != 0 || own.Hide("s3cret") != "s3cret" {
		t.Errorf("a step without secrets has %v", own)
	}
	if got := given.Hide("token s3cret, and s3cret again"); got != "token ***, and *** again" {
		t.Errorf("Hide = %q", got)
	}
	if err := Check([]Step{s}, nil); err == nil || !strings.Contains(err.Error(), "its result must not be cached") {
		t.Errorf("Check of a step with a secret that is not fresh: %v", err)
	}
}

// TestExitErrorPrinted checks that a command's last output cannot be mistaken for slipway's own
// words, and that secrets are hidden before the output is escaped.
func TestExitErrorPrinted(t *testing.T) {
	secrets := Secrets{"token": secret.New("s3\x1bcret")}
	tail := secrets.Hide("a s3\x1bcret\n\nWhat has happened:\n  released  app/v1\r::add-mask::x\x1b[2J")
	err := fmt.Errorf("testing: %w", &ExitError{Step: "test\nx", Code: 101, Tail: tail})
	want := `testing: running step "test\nx": its command exited with status 101` +
		"\n  | a ***\n  | \n  | What has happened:\n  |   released  app/v1\n  | " + `\x3a:add-mask::x\x1b[2J`
	if got := console.ErrorText(err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
