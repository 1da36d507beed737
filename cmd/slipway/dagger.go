package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/engine"
	"dagger/slipway/ci/step"
)

// engineAnswers returns an error with the reason if no Dagger engine is available. It only
// looks for an existing engine, and provisions none.
func engineAnswers(ctx context.Context) error {
	if os.Getenv("DAGGER_SESSION_PORT") != "" {
		return nil // inside `dagger run`
	}
	if _, err := exec.LookPath("dagger"); err != nil {
		return errors.New("no dagger command")
	}
	if os.Getenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST") == "" {
		if err := exec.CommandContext(ctx, "docker", "info").Run(); err != nil {
			return errors.New("no Docker to run one, and _EXPERIMENTAL_DAGGER_RUNNER_HOST is not set")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := exec.CommandContext(ctx, "dagger", "core", "--silent", "version").Run(); err != nil {
		return fmt.Errorf("dagger core version: %w", err)
	}
	return nil
}

// openDagger opens a session with the engine.
func (m *machine) openDagger(ctx context.Context, j app.Job, limits step.Limits, log *progress) ([]step.Runner, func() error, error) {
	if err := useInstalledCommand(); err != nil {
		return nil, nil, err
	}
	taken, err := m.Source(ctx, j.Root)
	if err != nil {
		return nil, nil, err
	}
	client, err := dagger.Connect(ctx, dagger.WithLogOutput(logOutput()))
	if err != nil {
		return nil, nil, fmt.Errorf("opening a session with the Dagger engine: %w", err)
	}
	work, err := os.MkdirTemp("", "slipway-")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening a session with the Dagger engine: %w", err), client.Close())
	}
	done := func() error { return errors.Join(client.Close(), os.RemoveAll(work)) }
	images := map[string]engine.Image{}
	named := j.Plan.Toolchain
	if dir, ok := layoutPath(j.Toolchain); ok {
		images[named], err = engine.ImportLayout(ctx, client, dir, work)
	} else if j.Image.Rust.Makes(named) {
		images[named], _, err = engine.Toolchain(ctx, client, j.Image, nil, work)
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	source, repository := client.Host().Directory(taken.Dir), client.Host().Directory(taken.Root)
	var list []step.Runner
	for _, c := range j.Plan.Crates {
		list = append(list, engine.New(engine.Options{Client: client, Source: source, Repository: repository, Work: work, Trees: c.Trees, Images: images, Secrets: j.Secrets(c), Limits: limits, Log: log}))
	}
	return list, done, nil
}

// useInstalledCommand makes the client library use the installed dagger command, the one that
// [engineAnswers] checked. By default the library downloads one.
func useInstalledCommand() error {
	const name = "_EXPERIMENTAL_DAGGER_CLI_BIN"
	path, err := exec.LookPath("dagger")
	if err != nil || os.Getenv(name) != "" {
		return nil // the library uses the one named, or reports that there is none
	}
	if err := os.Setenv(name, path); err != nil {
		return fmt.Errorf("opening a session with the Dagger engine: %w", err)
	}
	return nil
}

// logOutput returns where the engine's own log is written. It is verbose, so only on request.
func logOutput() io.Writer {
	if os.Getenv("SLIPWAY_ENGINE_LOG") != "" {
		return console.Stderr
	}
	return io.Discard
}
