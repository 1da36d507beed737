package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/secret"
)

// define makes the flags of a verb from its declarations.
func define(c *cobra.Command, v app.Verb, open opener) {
	for _, o := range app.Options(v) {
		if !o.InCommand() {
			fromEnvironment(o)
			continue
		}
		defineFlag(c, o)
		if o.Required {
			must(c.MarkFlagRequired(o.Name))
		}
		switch o.Complete {
		case "":
		case "crates":
			must(c.RegisterFlagCompletionFunc(o.Name, completeCrates(open)))
		default:
			must(c.RegisterFlagCompletionFunc(o.Name, cobra.FixedCompletions(strings.Split(o.Complete, ","), cobra.ShellCompDirectiveNoFileComp)))
		}
	}
	for _, set := range app.Exclusive(v) {
		c.MarkFlagsMutuallyExclusive(set...)
	}
	for _, set := range app.Together(v) {
		c.MarkFlagsRequiredTogether(set...)
	}
}

// must panics on an error about a flag that was just defined.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// defineFlag makes one flag. The help does not show the value of an environment variable, which may
// hold credentials.
func defineFlag(c *cobra.Command, o app.Option) {
	f, help := c.Flags(), strings.NewReplacer("<", "`", ">", "`").Replace(o.Help)
	fallback := o.Default
	if o.Env != "" {
		if fallback = os.Getenv(o.Env); !strings.Contains(help, "$") {
			help += " (default: $" + o.Env + ")"
		}
	}
	switch to := o.Value.(type) {
	case *string:
		*to = fallback
		f.Var(textFlag{to}, o.Name, help)
		f.Lookup(o.Name).DefValue = o.Default
	case *bool:
		f.BoolVar(to, o.Name, fallback == "true", help)
	case *[]string:
		f.Var(nameList{to, o.Comma}, o.Name, help)
	case *app.Directory:
		f.Var(directoryFlag{to}, o.Name, help)
	case *app.File:
		f.Var(fileFlag{to}, o.Name, help)
	case *app.Secret:
		fromEnvironment(o)
		f.Var(secretFlag{to}, o.Name, help)
	}
}

// fromEnvironment sets an option from its environment variable, if it has one.
func fromEnvironment(o app.Option) {
	if os.Getenv(o.Env) == "" {
		return
	}
	switch to := o.Value.(type) {
	case *string:
		*to = os.Getenv(o.Env)
	case *app.Secret:
		*to = func(context.Context) (secret.Text, error) { return secret.New(os.Getenv(o.Env)), nil }
	}
}

func completeCrates(open opener) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		h, done := open(c)
		crates, versions, err := app.Crates(c.Context(), h, app.Root{Source: c.Flag("source").Value.String()})
		if done() != nil || err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		for i := range crates {
			crates[i] += "\t" + versions[i]
		}
		return crates, cobra.ShellCompDirectiveNoFileComp
	}
}
