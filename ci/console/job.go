package console

import (
	"errors"
	"fmt"
	"os"
)

// AddSummary adds Markdown to the summary of a GitHub Actions job. Outside Actions it does
// nothing.
func AddSummary(markdown string) error {
	return addTo("GITHUB_STEP_SUMMARY", Clean(markdown))
}

// SetOutput sets an output of a GitHub Actions step. Outside Actions it does nothing. It
// returns an error for a value that is not a single line of plain characters: the file has
// lines NAME=VALUE, and NAME<<DELIMITER would begin a value of several lines. The name must
// be trusted.
func SetOutput(name, value string) error {
	if Line(value) != value {
		return fmt.Errorf("setting the job output %q: %q has other than plain characters", name, value)
	}
	return addTo("GITHUB_OUTPUT", name+"="+value)
}

// addTo appends text to the file that a GitHub Actions variable names, if it is set.
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
