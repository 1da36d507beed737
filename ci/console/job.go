package console

import (
	"errors"
	"fmt"
	"os"
)

// AddSummary adds Markdown to the summary of a GitHub Actions job; elsewhere it does
// nothing.
func AddSummary(markdown string) error {
	return addTo("GITHUB_STEP_SUMMARY", Clean(markdown))
}

// SetOutput gives a step of a GitHub Actions job an output; elsewhere it does nothing.
// A line of the file is NAME=VALUE, or begins a value of several lines with
// NAME<<DELIMITER: a name is one of ours, and a value of several lines is refused.
func SetOutput(name, value string) error {
	if Line(value) != value {
		return fmt.Errorf("giving the job its output %q: %q has more than plain characters", name, value)
	}
	return addTo("GITHUB_OUTPUT", name+"="+value)
}

// addTo adds text to the file that GitHub Actions names in a variable, where it does.
func addTo(variable, text string) error {
	name := os.Getenv(variable)
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing to $%s: %w", variable, err)
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}
