package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/plan"
)

func orderCommand() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "release-order",
		Short: "Print the order in which crates must be released: what a crate needs comes before it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.crate == "" && c.Flags().Changed("crate") {
				return errors.New("checking --crate: it is empty: leave the flag out for the order of all crates")
			}
			w, err := o.workspace(c.Context())
			if err != nil {
				return err
			}
			text, err := plan.Order(w, o.crate)
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), text)
			return err
		},
	}
	c.Flags().StringVar(&o.source, "source", ".", "root of the Rust workspace, a `directory`")
	c.Flags().StringVar(&o.crate, "crate", "", "only this crate and what must be released before it")
	if err := c.RegisterFlagCompletionFunc("crate", o.completeCrates); err != nil {
		panic(err) // the flag was defined above
	}
	return c
}
