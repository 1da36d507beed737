package main

import (
	"os"
	"slices"
	"strings"
	"sync"
)

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
	values = append(values, misspelt(os.Args[1:])...)
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // longest first, because one may contain another
	for _, value := range values {
		if len(value) >= shortestSecret {
			text = strings.ReplaceAll(text, value, "…")
		}
	}
	return text
}

// misspelt returns the values of arguments that look like secret flags, as in
// -identity-token=VALUE: such a flag was never set, and the error about it quotes the value.
func misspelt(args []string) (values []string) {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		name = strings.ToLower(name)
		if !strings.HasPrefix(name, "-") || !strings.HasSuffix(name, "token") && !strings.HasSuffix(name, "password") {
			continue
		}
		if joined && value != "" {
			values = append(values, value)
			continue
		}
		rest := args[i+1:]
		if len(rest) > 0 && rest[0] == "=" { // --identity-token = VALUE
			rest = rest[1:]
		}
		if len(rest) > 0 {
			values = append(values, strings.TrimPrefix(rest[0], "="))
		}
	}
	return values
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
