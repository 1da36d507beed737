// Command generate writes the sandbox's system call filter to a file:
//
//	cd e2e && go run ./seccomp/generate ../ci/bwrap/seccomp.bpf
package main

import (
	"fmt"
	"os"

	"dagger/slipway/e2e/seccomp"
)

func main() {
	filter, err := seccomp.Filter()
	if err == nil && len(os.Args) != 2 {
		err = fmt.Errorf("expected the file to write")
	}
	if err == nil {
		err = os.WriteFile(os.Args[1], filter, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
