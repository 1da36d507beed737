package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dagger/slipway/ci/beneath"
)

// summary is the part of what release-crate --json says of the crate that is used.
type summary struct {
	Plan  string
	Tests []struct {
		Target, How     string
		Passed, Ignored int
	}
	Artifacts []struct{ Name, Target string }
}

// try plans and dry-runs an unedited crate, and judges the result. The row has what is
// wrong with the crate or slipway; an error is a problem of this machine.
func (l *lab) try(ctx context.Context, c crate, limit time.Duration) (row, error) {
	r := row{Crate: c.Name, Version: c.Version, Slipway: l.revision}
	dir := filepath.Join(l.work, c.Name)
	if err := beneath.RemoveAll(dir); err != nil {
		return r, err
	}
	defer func() { _ = beneath.RemoveAll(dir) }()
	source := filepath.Join(dir, "source")
	if err := os.MkdirAll(source, 0o755); err != nil {
		return r, err
	}
	file, err := download(ctx, c)
	if err != nil {
		return r, err
	}
	if r.SHA256, err = unpack(file, source); err != nil {
		return r, err
	}
	if err := commit(ctx, source); err != nil {
		return r, err
	}
	cache, err := l.newCache(dir)
	if err != nil {
		return r, err
	}
	out := filepath.Join(dir, "out")
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if r.Findings, r.Why = l.plan(timed, c, source); r.Why != "" {
		return r, ctx.Err()
	}
	r.Planned = true
	if r.Why = contradicts(r.Findings); r.Why != "" {
		return r, nil
	}
	s, why := l.dryRun(timed, c, source, cache, out)
	if timed.Err() != nil && ctx.Err() == nil {
		why = fmt.Sprintf("not done within %s", limit)
	}
	if r.Why = clean(why, dir); r.Why != "" {
		return r, ctx.Err()
	}
	return r, l.judge(ctx, &r, s, out, dir)
}

// plan returns the findings of the crate's plan, or why it cannot be planned.
func (l *lab) plan(ctx context.Context, c crate, source string) ([]found, string) {
	cmd := l.command(ctx, "plan", "--json", "--source", source, "--crate", c.Name, "--version", c.Version)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, clean(lastWords(stderr.String(), err), filepath.Dir(source))
	}
	var plan struct{ Findings []found }
	if err := json.Unmarshal(stdout.Bytes(), &plan); err != nil {
		return nil, fmt.Sprintf("the plan is no JSON: %v", err)
	}
	for i := range plan.Findings {
		plan.Findings[i].What = clean(plan.Findings[i].What, filepath.Dir(source))
	}
	return plan.Findings, ""
}

// contradicts returns a finding that crates.io would refuse the crate, "" if there is none.
// It is wrong, because crates.io has accepted the crate.
func contradicts(findings []found) string {
	for _, f := range findings {
		if f.Stops == "registry" {
			return "crates.io has taken the crate, and the plan says that it would not: " + f.What
		}
	}
	return ""
}

// dryRun returns the summary of a dry run, or why there is none.
func (l *lab) dryRun(ctx context.Context, c crate, source, cache, out string) (summary, string) {
	cmd := l.command(ctx, "release-crate", "--dry-run", "--json", "--runner", "local", "--cache", cache,
		"--source", source, "--crate", c.Name, "--version", c.Version, "--out", out)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var report struct{ Crates []summary }
	err := cmd.Run()
	if log := os.Getenv("SLIPWAY_CORPUS_LOGS"); log != "" {
		_ = os.WriteFile(filepath.Join(log, c.Name+".log"), append(stderr.Bytes(), stdout.Bytes()...), 0o644)
	}
	if err != nil {
		return summary{}, lastWords(stderr.String(), err)
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil || len(report.Crates) != 1 {
		return summary{}, fmt.Sprintf("the summary is no JSON about one crate: %v", err)
	}
	return report.Crates[0], ""
}

// lastWords returns the error message of the slipway command.
func lastWords(stderr string, err error) string {
	text := "\n" + stderr
	if i := strings.LastIndex(text, "\nslipway: "); i >= 0 {
		return strings.TrimSpace(strings.TrimPrefix(text[i+1:], "slipway: "))
	}
	return fmt.Sprintf("slipway ended without a message: %v", err)
}

// clean makes a message independent of the machine and short enough for a table.
func clean(message, dir string) string {
	const most = 600
	message = strings.Join(strings.Fields(strings.ReplaceAll(message, dir, "…")), " ")
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + " …"
	}
	return message
}
