package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// plainName matches the names that flags have, which are too short and too plain for a secret.
var plainName = regexp.MustCompile(`^[a-z]+(-[a-z]+){0,3}$`)

// flagError replaces the error about a flag that does not exist or is malformed. It never repeats
// what stands where a value could: somebody who mistypes --identity-token must not find the token
// in the log of a job.
func flagError(c *cobra.Command, err error) error {
	var (
		missing   *pflag.NotExistError
		malformed *pflag.InvalidSyntaxError
	)
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return fmt.Errorf("reading --%s: expected true or false", invalid.GetFlag().Name)
	case errors.As(err, &malformed):
		return errors.New("reading the flags: one has no name: expected a flag like --crate NAME or --crate=NAME")
	case !errors.As(err, &missing):
		return err
	case missing.GetSpecifiedShortnames() != "":
		return errors.New("reading the flags: one begins with a single dash: expected two, as in --crate NAME")
	}
	name := missing.GetSpecifiedName()
	near := nearestFlag(c.Flags(), name)
	switch {
	case near != "" && plainName.MatchString(name):
		return fmt.Errorf("reading the flags: there is no --%s: did you mean --%s?", name, near)
	case near != "":
		return fmt.Errorf("reading the flags: one does not exist: did you mean --%s?", near)
	case plainName.MatchString(name):
		return fmt.Errorf("reading the flags: there is no --%s: see `%s --help`", name, c.CommandPath())
	}
	return fmt.Errorf("reading the flags: one does not exist: see `%s --help`", c.CommandPath())
}

// nearestFlag returns the flag whose name begins most like the given one, "" if none does.
func nearestFlag(flags *pflag.FlagSet, name string) (near string) {
	longest := 2
	flags.VisitAll(func(f *pflag.Flag) {
		n := 0
		for n < min(len(name), len(f.Name)) && name[n] == f.Name[n] {
			n++
		}
		if n > longest {
			longest, near = n, f.Name
		}
	})
	return near
}

// noArguments returns an error for what is neither a flag nor the name of a command, and repeats it
// only if it looks like such a name.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	said := fmt.Sprintf("reading the arguments: expected flags alone, like --crate NAME, and found %d more", len(args))
	if !c.HasParent() {
		said = "reading the arguments: there is no such command"
		if plainName.MatchString(args[0]) {
			said = fmt.Sprintf("reading the arguments: there is no command %q", args[0])
		}
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			return fmt.Errorf("%s: did you mean %q?", said, near[0])
		}
	}
	return fmt.Errorf("%s: see `%s --help`", said, c.CommandPath())
}
