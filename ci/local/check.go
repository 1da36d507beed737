package local

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"dagger/slipway/ci/bwrap"
)

// SandboxError says why this machine cannot create the sandbox.
type SandboxError struct {
	// Reason is the message of bubblewrap or the kernel.
	Reason string
	// Without names what the sandbox that the machine can create lacks, "" if it can create none.
	Without string
}

func (e *SandboxError) Error() string {
	text := "checking the sandbox: this machine cannot create it: " + e.Reason
	if hint := hintFor(e.Reason); hint != "" {
		text += ": " + hint
	}
	if e.Without != "" {
		return text + "; it can create one with no " + e.Without + ": --weaker-sandbox accepts that, for code that you trust"
	}
	return text + "; --runner dagger needs no local sandbox"
}

// hintFor returns what a person can do about bubblewrap's message, "" if nothing is known.
func hintFor(reason string) string {
	for _, h := range []struct{ said, do string }{
		{`"bwrap": executable file not found`, "install bubblewrap"},
		{`"prlimit": executable file not found`, "install util-linux"},
		{"Unknown option", "it needs bubblewrap 0.8 or newer"},
		{"uid map: Permission denied", "the kernel denies user namespaces to ordinary users (on Ubuntu sysctl kernel.apparmor_restrict_unprivileged_userns): allow bwrap to create them, or run as root"},
		{"No permissions to create new namespace", "the kernel denies user namespaces to ordinary users (sysctl kernel.unprivileged_userns_clone or user.max_user_namespaces): allow them, or run as root"},
		{"loopback: Failed", "the kernel denies user namespaces to ordinary users (on Ubuntu sysctl kernel.apparmor_restrict_unprivileged_userns): allow bwrap to create them, or run as root"},
		{onlyBwrap, "allow slipway to create them too (on Ubuntu sysctl kernel.apparmor_restrict_unprivileged_userns), or run as root"},
		{"SECCOMP", "the kernel is built without seccomp filters"},
	} {
		if strings.Contains(reason, h.said) {
			return h.do
		}
	}
	return ""
}

// checkSandbox creates a sandbox on this machine's own files as a test, and returns a
// *SandboxError if it lacks something that the runner's options do not accept.
func (r *Runner) checkSandbox() error {
	for _, name := range []string{"bwrap", "prlimit"} {
		if _, err := exec.LookPath(name); err != nil {
			return &SandboxError{Reason: err.Error()}
		}
	}
	lack := r.lack()
	if lack == nil {
		return nil
	}
	if lack.Without == "" || !r.opts.WeakerSandbox {
		return lack
	}
	r.accepted = lack
	return nil
}

// lack returns what this machine's sandbox lacks, nil if nothing, and sets the runner to do
// without it.
func (r *Runner) lack() *SandboxError {
	if reason := r.trySandbox(); reason != "" {
		r.unfiltered = true
		if r.trySandbox() != "" {
			return &SandboxError{Reason: reason}
		}
		return &SandboxError{Reason: reason, Without: "system call filter and no ban on further user namespaces"}
	}
	if !ownNetworks() {
		return &SandboxError{Reason: onlyBwrap, Without: "network of its own for a step that downloads"}
	}
	return nil
}

// trySandbox returns what prevents a sandbox from being created, "" if nothing does.
func (r *Runner) trySandbox() string {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	top, err := topEntries("/")
	if err != nil {
		return err.Error()
	}
	box := r.bounded(bwrap.Sandbox{Root: "/", Top: top, Env: []string{"PATH=/usr/bin:/bin:/run/current-system/sw/bin"}, Dir: "/", Args: []string{"true"}})
	argv := box.Command()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := r.store.launch(ctx, cmd, nil, nil, false, func(int) {}); err != nil {
		return strings.TrimSpace(fmt.Sprintf("%s (%v)", bytes.TrimSpace(said.Bytes()), err))
	}
	return ""
}
