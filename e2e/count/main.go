// Command count runs `go test -json` with its arguments. It prints each test when it ends,
// with its output unless it passed, and then a last line "N passed, N failed, N skipped".
// It exits with status 1 unless tests ran and none failed.
//
//	cd e2e && go run ./count -- -run '^TestLocal' -timeout 40m .
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	ok, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// run reports whether tests ran and all of them passed.
func run(args []string) (bool, error) {
	// Ctrl-C also reaches go test, which ends; the summary is still printed.
	signal.Notify(make(chan os.Signal, 8), os.Interrupt)
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json"}, args)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	t := newTally(os.Stdout)
	err = t.read(events)
	if err != nil {
		_, _ = io.Copy(os.Stderr, events)
	}
	exit := cmd.Wait()
	return t.close(exit == nil) && exit == nil, err
}

func (t *tally) read(r io.Reader) error {
	for d := json.NewDecoder(r); ; {
		var e event
		if err := d.Decode(&e); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading the output of go test: %w", err)
		}
		t.add(e)
	}
}
