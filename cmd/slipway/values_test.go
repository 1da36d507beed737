package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// find returns a new command of slipway.
func find(t *testing.T, name string) *cobra.Command {
	t.Helper()
	c, _, err := newCommand(openMachine).Find([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestShownArguments checks that a command shown for repetition contains no secret, however it
// was passed.
func TestShownArguments(t *testing.T) {
	const secret = "eyJhbGciOi.s3cret-token.x"
	t.Setenv("CARGO_REGISTRIES_OTHER_TOKEN", "environment-secret")
	t.Setenv("GITHUB_TOKEN", "short")
	for name, args := range map[string][]string{
		"two arguments":       {"--identity-token", secret},
		"one argument":        {"--identity-token=" + secret},
		"twice":               {"--identity-token=" + secret, "--identity-token", secret},
		"in another argument": {"--identity-token=" + secret, "--rekor-url", "https://x:" + secret + "@example.org"},
		"of the environment":  {"--actor", "environment-secret", "--repository=environment-secret/x"},
	} {
		t.Run(name, func(t *testing.T) {
			c := find(t, "release-crate")
			if err := c.ParseFlags(args); err != nil {
				t.Fatal(err)
			}
			os.Args = append([]string{"slipway", "release-crate"}, args...)
			line := (&machine{command: c}).Again()
			if strings.Contains(line, "s3cret") || strings.Contains(line, "environment-secret") {
				t.Errorf("it shows %q", line)
			}
			if !strings.HasPrefix(line, "slipway release-crate --") || !strings.Contains(line, "…") || strings.Count(line, " ") != len(args)+1 {
				t.Errorf("it is no command to run again: %q", line)
			}
		})
	}
	if got := hideSecrets("x " + secret + " environment-secret short"); got != "x … … short" {
		t.Errorf("a text is shown as %q", got)
	}
}

// TestMisspelt checks that the value of what looks like a secret flag is hidden in the error about it.
func TestMisspelt(t *testing.T) {
	before := os.Args
	defer func() { os.Args = before }()
	for _, args := range [][]string{
		{"-identity-token=s3cret-value"},
		{"--Identity-Token=s3cret-value"},
		{"--identity-token", "=", "s3cret-value"},
		{"--identity-token", "=s3cret-value"},
		{"--github-token", "s3cret-value"},
		{"--registry-password=s3cret-value"},
	} {
		os.Args = append([]string{"slipway", "dist"}, args...)
		if got := hideSecrets("unknown s3cret-value"); got != "unknown …" {
			t.Errorf("%q: %q", args, got)
		}
	}
	os.Args = []string{"slipway", "dist", "--identity-token", "x", "shim-demo", "--crate=shim-demo"}
	if got := hideSecrets("crate shim-demo"); got != "crate shim-demo" {
		t.Errorf("another argument: %q", got)
	}
}

// TestSecretFlags checks that no flag with the name of a secret is a plain string, whose value
// help and errors show.
func TestSecretFlags(t *testing.T) {
	for _, c := range newCommand(openMachine).Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(f.Name, "token") && !strings.Contains(f.Name, "password") && !strings.Contains(f.Name, "secret") {
				return
			}
			if _, ok := f.Value.(secretFlag); !ok {
				t.Errorf("--%s of %s is %T", f.Name, c.Name(), f.Value)
			}
		})
	}
}

// TestEmptyLists checks that an empty value of a list flag is an error that names the flag.
func TestEmptyLists(t *testing.T) {
	for name, command := range map[string]string{"crates": "release-train", "initial-release": "release-train", "image": "release-demo-app"} {
		for _, args := range [][]string{{"--" + name, ""}, {"--" + name + "="}, {"--" + name, " "}, {"--" + name + "=a", "--" + name + "="}} {
			if err := find(t, command).ParseFlags(args); err == nil || !strings.Contains(err.Error(), "--"+name) || !strings.Contains(err.Error(), "empty") {
				t.Errorf("%q: %v", args, err)
			}
		}
	}
	for _, value := range []string{",", "a,", ",a", "a,,b"} {
		if err := find(t, "release-train").ParseFlags([]string{"--crates", value}); err == nil {
			t.Errorf("--crates %q is accepted", value)
		}
	}
	train := find(t, "release-train")
	if err := train.ParseFlags([]string{"--crates=a@1.0.0, b", "--crates", "c"}); err != nil || train.Flags().Lookup("crates").Value.String() != "a@1.0.0,b,c" {
		t.Errorf("%v, %v", train.Flags().Lookup("crates").Value, err)
	}
	// Covers all commands, so that no list flag is missed.
	for _, c := range newCommand(openMachine).Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if strings.HasSuffix(f.Value.Type(), "Slice") || strings.HasSuffix(f.Value.Type(), "Array") {
				t.Errorf("--%s of %s is a %s, which an empty value leaves empty", f.Name, c.Name(), f.Value.Type())
			}
		})
	}
}

// TestHelpShowsNoAddress checks that help does not show values from the environment.
func TestHelpShowsNoAddress(t *testing.T) {
	t.Setenv("GITHUB_API_URL", "https://user:hunter2@example.org")
	for _, c := range []*cobra.Command{find(t, "release-crate"), find(t, "verify"), find(t, "prepare-release")} {
		if help := c.UsageString(); strings.Contains(help, "hunter2") || !strings.Contains(help, "$GITHUB_API_URL") {
			t.Errorf("%s:\n%s", c.Name(), help)
		}
		if api, err := c.Flags().GetString("github-api"); err != nil || !strings.Contains(api, "hunter2") {
			t.Errorf("%s: the variable is not the default: %q, %v", c.Name(), api, err)
		}
	}
}

// TestEmptyFlags checks that no flag of any command takes an empty value for a missing one.
func TestEmptyFlags(t *testing.T) {
	var count int
	for _, c := range newCommand(openMachine).Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if count++; f.Value.Set("") == nil {
				t.Errorf("%s --%s may be empty", c.Name(), f.Name)
			}
		})
	}
	if count < 100 {
		t.Errorf("%d flags were tried", count)
	}
}

// TestFlagErrors checks that an error about a flag helps, and never repeats what may be a secret.
func TestFlagErrors(t *testing.T) {
	const secret = "s3cretV4lue"
	for _, tt := range []struct{ arg, want string }{
		{"-identity-tok=" + secret, "begins with a single dash"},
		{"-token" + secret, "begins with a single dash"},
		{"-" + secret, "begins with a single dash"},
		{"--identity-token:" + secret, "did you mean --identity-token?"},
		{"--identity-token" + secret, "did you mean --identity-token?"},
		{"--identity-token\t" + secret, "did you mean --identity-token?"},
		{"--" + secret, "see `slipway dist --help`"},
		{"--=" + secret, "one has no name"},
		{"--identity-tok=" + secret, "there is no --identity-tok: did you mean --identity-token?"},
		{"--versoin=1.2.3", "there is no --versoin: did you mean --version?"},
		{"--json=" + secret, "reading --json: expected true or false"},
		{secret, "expected flags alone, like --crate NAME, and found 1 more: see `slipway"},
		{"--nothing-like-it", "there is no --nothing-like-it: see `slipway dist --help`"},
	} {
		c := newCommand(openMachine)
		c.SetArgs([]string{"dist", tt.arg})
		err := c.Execute()
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", tt.arg, err)
		}
	}
}

// TestCommandErrors checks that a name which is no command's gets the nearest, and that nothing else
// is repeated.
func TestCommandErrors(t *testing.T) {
	const secret = "s3cretV4lue"
	for _, tt := range []struct{ arg, want string }{
		{"pln", `there is no command "pln": did you mean "plan"?`},
		{"nothing-like-it", "there is no command \"nothing-like-it\": see `slipway --help`"},
		{secret, "there is no such command: see `slipway --help`"},
	} {
		c := newCommand(openMachine)
		c.SetArgs([]string{tt.arg})
		err := c.Execute()
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", tt.arg, err)
		}
	}
}

// TestHelpShowsNoVariable checks that help has the names of environment variables, and no values.
func TestHelpShowsNoVariable(t *testing.T) {
	const secret = "s3cretV4lue"
	for _, name := range []string{"GITHUB_REPOSITORY", "GITHUB_ACTOR", "GITHUB_API_URL", "GITHUB_TOKEN", "REGISTRY_USERNAME"} {
		t.Setenv(name, "https://user:"+secret+"@example.org")
	}
	for _, c := range newCommand(openMachine).Commands() {
		text := c.Flags().FlagUsages()
		if strings.Contains(text, secret) {
			t.Errorf("%s: the help shows a value:\n%s", c.Name(), text)
		}
		if c.Flags().Lookup("repository") != nil && !strings.Contains(text, "$GITHUB_REPOSITORY") {
			t.Errorf("%s: the help does not name $GITHUB_REPOSITORY:\n%s", c.Name(), text)
		}
	}
}
