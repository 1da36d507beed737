package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"dagger/slipway/ci/credential"
)

// nameList is a flag that lists names. An empty list is an error: a missing flag means all, and
// an accidentally empty variable must not.
type nameList struct {
	names *[]string
	comma bool // one flag may have several, separated by commas
}

var _ pflag.Value = nameList{}

func (l nameList) Set(value string) error {
	names := []string{value}
	if l.comma {
		names = strings.Split(value, ",")
	}
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); names[i] == "" {
			return errors.New("expected a name, it is empty: leave the flag out where all are meant")
		}
	}
	*l.names = append(*l.names, names...)
	return nil
}

func (l nameList) String() string {
	if l.names == nil {
		return ""
	}
	return strings.Join(*l.names, ",")
}

func (l nameList) Type() string { return "strings" }

// apiFlag defines the flag for GitHub's API. The help does not show the variable's value, which
// may contain credentials; those are rejected when it is used.
func apiFlag(f *pflag.FlagSet, to *string) {
	f.StringVar(to, "github-api", os.Getenv("GITHUB_API_URL"), "base `address` of a GitHub Enterprise server's API (default: $GITHUB_API_URL)")
	f.Lookup("github-api").DefValue = ""
}

// secretFlag is a flag for a secret, whose value is never shown.
type secretFlag struct{ to *credential.Text }

var _ pflag.Value = secretFlag{}

func (s secretFlag) Set(value string) error {
	*s.to = credential.NewText(value)
	flagSecrets.add(value)
	return nil
}

func (s secretFlag) String() string { return "" }

func (s secretFlag) Type() string { return "string" }

// flagSecrets holds the values of flags for secrets.
var flagSecrets secretList

type secretList struct {
	mu     sync.Mutex
	values []string
}

func (l *secretList) add(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values = append(l.values, value)
}

func (l *secretList) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.values)
}

// shortestSecret is the minimum length of a secret to be hidden: hiding shorter values would
// remove ordinary words from a text.
const shortestSecret = 6

// hideSecrets removes every known secret from a text: the values of secret flags, and of
// environment variables with the name of a secret.
func hideSecrets(text string) string {
	values := flagSecrets.all()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); isSecretName(name) {
			values = append(values, value)
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // longest first, because one may contain another
	for _, value := range values {
		if len(value) >= shortestSecret {
			text = strings.ReplaceAll(text, value, "…")
		}
	}
	return text
}

func isSecretName(name string) bool {
	return slices.ContainsFunc([]string{"_TOKEN", "_PASSWORD", "_SECRET"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// shownArguments returns a command's arguments without the values of secret flags, in both
// forms: --flag value and --flag=value.
func shownArguments(args []string, isSecret func(flag string) bool) []string {
	shown := slices.Clone(args)
	for i, arg := range args {
		name, _, joined := strings.Cut(arg, "=")
		if !strings.HasPrefix(name, "--") || !isSecret(strings.TrimPrefix(name, "--")) {
			shown[i] = hideSecrets(shown[i])
			continue
		}
		if joined {
			shown[i] = name + "=…"
		} else if i+1 < len(args) {
			shown[i+1] = "…"
		}
	}
	return shown
}
