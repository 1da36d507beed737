// Command corpus releases third-party crates: each crate of a list is downloaded from
// crates.io by cargo as published, committed to a git repository of its own, and then
// planned and dry-run unedited by the slipway command with its local runner. It writes the
// results to RESULTS.md and RESULTS.json; rows of crates that were not run stay.
//
//	cd e2e && go run ./corpus -slipway ../bin/slipway -results corpus
//
// Binaries of the crates are untrusted, so they run in a sandbox.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

//go:embed crates.txt
var listed string

func main() {
	log.SetFlags(0)
	log.SetPrefix("corpus: ")
	var o options
	flag.StringVar(&o.slipway, "slipway", "slipway", "the command to run")
	flag.StringVar(&o.cache, "cache", "", "slipway's cache, for its toolchain image (default: the user's)")
	flag.StringVar(&o.work, "work", "", "directory for sources and builds, a crate's at a time (default: a temporary one)")
	flag.StringVar(&o.results, "results", "", "directory with RESULTS.md and RESULTS.json (default: print the table alone)")
	flag.DurationVar(&o.begin, "for", 4*time.Hour, "begin no other crate after this time")
	flag.DurationVar(&o.limit, "limit", time.Hour, "give a crate up after this time")
	only := flag.String("only", "", "comma-separated crates of the list, instead of all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if err := o.run(ctx); err != nil {
		log.Fatal(err)
	}
}

type options struct {
	slipway, cache, work, results string
	begin, limit                  time.Duration
	only                          []string
}

// run tries the crates one after the other. It writes the results after each, so that they
// are kept if it is interrupted.
func (o *options) run(ctx context.Context) error {
	crates, err := parseList(listed)
	if err != nil {
		return err
	}
	if crates, err = choose(crates, o.only); err != nil {
		return err
	}
	l, err := openLab(o.slipway, o.cache, o.work)
	if err != nil {
		return err
	}
	defer func() { _ = l.close() }()
	if l.revision, err = revision(); err != nil {
		return err
	}
	t, err := readTable(o.results)
	if err != nil {
		return err
	}
	if err := t.write(o.results); err != nil { // drops crates that are no longer on the list
		return err
	}
	end := time.Now().Add(o.begin)
	for i, c := range crates {
		if !time.Now().Before(end) {
			fmt.Printf("%d crates were not begun within %s\n", len(crates)-i, o.begin)
			break
		}
		begin := time.Now()
		row, err := l.try(ctx, c, o.limit)
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.Name, c.Version, err)
		}
		fmt.Printf("%-16s %-9s %-6s %4.0f s  %s\n", c.Name, c.Version, row.verdict(), time.Since(begin).Seconds(), row.Why)
		t.put(row)
		if err := t.write(o.results); err != nil {
			return err
		}
	}
	fmt.Println(t.count())
	return nil
}

// choose returns the named crates, or all if no names are given.
func choose(crates []crate, names []string) ([]crate, error) {
	if len(names) == 0 {
		return crates, nil
	}
	var chosen []crate
	for _, name := range names {
		i := slices.IndexFunc(crates, func(c crate) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("choosing crates: crates.txt has no %q: add it with its version", name)
		}
		chosen = append(chosen, crates[i])
	}
	return chosen, nil
}
