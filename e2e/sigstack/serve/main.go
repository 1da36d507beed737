// Command serve runs a Sigstore stack, manually or for a test that must not link it: serve
// DIRECTORY. It writes the file "env" to the directory when the stack is ready, and runs
// until its standard input is closed or it gets SIGTERM or SIGINT.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"dagger/slipway/e2e/sigstack"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: serve DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// run serves until it is told to stop.
func run(dir string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	s, err := sigstack.Start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control := &http.Server{Handler: s.Control(), ReadHeaderTimeout: time.Minute}
	go func() { _ = control.Serve(l) }()
	defer func() { _ = control.Close() }()
	env := environment(s, "http://"+l.Addr().String())
	name := filepath.Join(dir, "env")
	if err := writeWhole(name, strings.Join(env, "\n")+"\n"); err != nil {
		return err
	}
	fmt.Println("the stack is ready:", name)
	<-ctx.Done()
	// The environment in the file is no longer valid.
	return os.Remove(name)
}

// environment returns what a test needs, as KEY=VALUE: the environment of cosign v2 and of
// a GitHub job, and variables SIGSTACK_… for the rest.
func environment(s *sigstack.Stack, control string) []string {
	return slices.Concat(s.CosignEnv(), s.ActionsEnv(), []string{
		"SIGSTACK_CONTROL_URL=" + control,
		"SIGSTACK_FULCIO_URL=" + s.FulcioURL,
		"SIGSTACK_REKOR_URL=" + s.RekorURL,
		"SIGSTACK_TSA_URL=" + s.TSAURL,
		"SIGSTACK_ISSUER_URL=" + s.IssuerURL,
		"SIGSTACK_TRUSTED_ROOT=" + s.TrustedRoot,
		"SIGSTACK_SIGNING_CONFIG=" + s.SigningConfig,
		"SIGSTACK_TSA_CHAIN=" + s.TSAChain,
	})
}

// writeWhole writes a file atomically.
func writeWhole(name, content string) error {
	if err := os.WriteFile(name+".new", []byte(content), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
