package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

// call is a call of the engine's API.
type call struct {
	name string
	args map[string]any // a string, int, bool, []any of strings, or chain
}

// chain is the calls that make an object, from the first to the last.
type chain []call

// after returns the index of the last command that ran in a container, -1 if none did.
func (c chain) after() int {
	for i, call := range slices.Backward(c) {
		if call.name == "withExec" {
			return i
		}
	}
	return -1
}

// calls returns the calls of a name.
func (c chain) calls(name string) []call {
	var list []call
	for _, call := range c {
		if call.name == name {
			list = append(list, call)
		}
	}
	return list
}

// variables returns what withEnvVariable sets.
func (c chain) variables() map[string]string {
	set := map[string]string{}
	for _, v := range c.calls("withEnvVariable") {
		set[v.text("name")] = v.text("value")
	}
	return set
}

// text returns an argument that is a string, "" if there is none.
func (c call) text(arg string) string {
	s, _ := c.args[arg].(string)
	return s
}

// list returns an argument that is a list of strings.
func (c call) list(arg string) []string {
	var list []string
	values, _ := c.args[arg].([]any)
	for _, v := range values {
		list = append(list, v.(string))
	}
	return list
}

// command splits the arguments of a withExec into the script that frames a step's command, the
// command line of the sandbox (nil without one), and the command.
func (c call) command() (script string, sandbox, own []string) {
	args := c.list("args")
	if len(args) < 5 || args[0] != "sh" || args[1] != "-c" || args[3] != "sh" {
		return "", nil, args
	}
	script, own = args[2], args[4:]
	at := slices.Index(own, "--chdir")
	if at < 0 {
		return script, nil, own
	}
	at += 3 // the directory and "--"
	if own[at] == "prlimit" {
		at += 3 // its flag and "--"
	}
	return script, own[:at], own[at:]
}

// String renders a chain on one line, with the container of a step as "after(its command)".
func (c chain) String() string {
	var parts []string
	if i := c.after(); i >= 0 {
		_, _, own := c[i].command()
		parts, c = append(parts, "after("+strings.Join(own, " ")+")"), c[i+1:]
	}
	for _, call := range c {
		var args []string
		for _, name := range slices.Sorted(maps.Keys(call.args)) {
			args = append(args, fmt.Sprintf("%s: %v", name, call.args[name]))
		}
		parts = append(parts, call.name+"("+strings.Join(args, ", ")+")")
	}
	return strings.Join(parts, ".")
}

// page renders a chain for a golden file: a call a line, and a flag a line for commands. The parts
// of the script that are the same in every step are left out.
func (c chain) page() string {
	same := strings.NewReplacer(
		supervise, "[supervise]\n", supervised(step.Step{Merged: true}), "[supervise, with the streams merged]\n",
		fmt.Sprintf(outputs, missingMark, missingStatus, kindMark, kindStatus), "[outputs]\n",
	)
	var b strings.Builder
	for _, call := range c {
		if call.name != "withExec" {
			fmt.Fprintf(&b, "%s\n", chain{call})
			continue
		}
		b.WriteString("withExec")
		for _, name := range slices.Sorted(maps.Keys(call.args)) {
			if name != "args" {
				fmt.Fprintf(&b, " %s: %v", name, call.args[name])
			}
		}
		script, sandbox, own := call.command()
		b.WriteString("\n\t| " + strings.ReplaceAll(strings.TrimSuffix(same.Replace(script), "\n"), "\n", "\n\t| "))
		for i, arg := range sandbox {
			sep := " "
			if i == 0 || strings.HasPrefix(arg, "-") || arg == "bwrap" {
				sep = "\n\t"
			}
			b.WriteString(sep + arg)
		}
		fmt.Fprintf(&b, "\n\t%q\n", own)
	}
	return b.String()
}

// contains reports whether a command line has arguments side by side.
func contains(args, part []string) bool {
	for i := range args {
		if slices.Equal(args[i:min(i+len(part), len(args))], part) {
			return true
		}
	}
	return false
}

// flags returns the values that follow a flag on a command line.
func flags(args []string, flag string, values int) [][]string {
	var list [][]string
	for i, arg := range args {
		if arg == flag {
			list = append(list, args[i+1:i+1+values])
		}
	}
	return list
}

// TestCommand checks that the tests tell a step's command from what runs around it.
func TestCommand(t *testing.T) {
	for _, tt := range []struct{ line, script, sandbox, own string }{
		{"sh -c script sh bwrap --chdir / -- prlimit --nproc=1:1 -- cargo test -- --x", "script", "bwrap --chdir / -- prlimit --nproc=1:1 --", "cargo test -- --x"},
		{"sh -c script sh bwrap --chdir /src -- cargo", "script", "bwrap --chdir /src --", "cargo"},
		{"sh -c script sh apt-get update", "script", "", "apt-get update"},
		{"cargo build", "", "", "cargo build"},
	} {
		var args []any
		for _, arg := range strings.Fields(tt.line) {
			args = append(args, arg)
		}
		script, sandbox, own := call{"withExec", map[string]any{"args": args}}.command()
		if script != tt.script || strings.Join(sandbox, " ") != tt.sandbox || strings.Join(own, " ") != tt.own {
			t.Errorf("%s: %q, %q, %q", tt.line, script, sandbox, own)
		}
	}
}
