package provenance

import (
	"slices"
	"testing"
	"time"
)

func TestDifferences(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Input)
		want   []string // the fields
	}{
		{"nothing", func(*Input) {}, nil},
		{"who built, when", func(in *Input) {
			in.Builder = Builder{ID: OwnMachine, Version: map[string]string{"slipway": "0.2.0"}}
			in.Run = Run{ID: "https://example.org/2", Started: time.Unix(1, 0), Finished: time.Unix(2, 0)}
		}, nil},
		{"a file", func(in *Input) { in.Subjects["my-shim-x86_64-linux-musl.tar.gz"] = sum("other") }, []string{`subject "my-shim-x86_64-linux-musl.tar.gz"`}},
		{"one file less, one more", func(in *Input) {
			delete(in.Subjects, "my-shim-x86_64-linux-musl.tar.gz")
			in.Subjects["more"] = sum("more")
		}, []string{`subject "more"`, `subject "my-shim-x86_64-linux-musl.tar.gz"`}},
		{"the version", func(in *Input) { in.Parameters.Version = "1.2.4" }, []string{"externalParameters.version"}},
		{"the compiler", func(in *Input) { in.Rust = "1.97.0" }, []string{"internalParameters.rust"}},
		{"the commit", func(in *Input) { in.Commit = commit[1:] + "0" }, []string{`resolvedDependencies "source"`}},
		{"the toolchain", func(in *Input) { in.Toolchain.Digest = "sha256:" + digest(sum("image"))["sha256"] }, []string{`resolvedDependencies "toolchain"`}},
		{"slipway's own toolchain", func(in *Input) { in.Toolchain.Recipe = true }, []string{`resolvedDependencies "toolchain"`, `resolvedDependencies "toolchain-recipe"`}},
		{"the plan", func(in *Input) { in.Plan = sum("other") }, []string{`byproducts "plan.json"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			tt.change(&in)
			var got []string
			for _, m := range Differences(statement(t, in), statement(t, input())) {
				if got = append(got, m.Field); m.Got == m.Want {
					t.Errorf("%s is %q in both", m.Field, m.Got)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Differences = %q, expected %q", got, tt.want)
			}
		})
	}
}

// TestDifferencesTwice checks that a duplicate resource does not equal a single one.
func TestDifferencesTwice(t *testing.T) {
	s := statement(t, input())
	s.Subject = append(s.Subject, s.Subject[0])
	if got := Differences(s, statement(t, input())); len(got) != 1 {
		t.Errorf("Differences = %v", got)
	}
}

func TestToolchainAndCommit(t *testing.T) {
	s := statement(t, input())
	if got := Commit(s); got != commit {
		t.Errorf("Commit = %q", got)
	}
	if got, want := Toolchain(s), "pkg:oci/x86_64-unknown-linux-musl@"+image+"?repository_url=ghcr.io%2Fcross-rs%2Fx86_64-unknown-linux-musl&tag=0.2.5 "+image; got != want {
		t.Errorf("Toolchain = %q, expected %q", got, want)
	}
	if got, want := Toolchain(statement(t, dryRun())), "pkg:generic/slipway-toolchain@1.96.0-0123456789ab "+image; got != want {
		t.Errorf("Toolchain = %q, expected %q", got, want)
	}
	if c, tc := Commit(Statement{}), Toolchain(Statement{}); c != "" || tc != "" {
		t.Errorf("of an empty statement: %q, %q", c, tc)
	}
}
