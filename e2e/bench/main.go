// Command bench prints slipway's overhead over plain cargo: the wall time of a dry run
// divided by that of cargo doing the same work in the same image. Runs are paired so that
// load on the machine slows both. It is not a test and has no threshold.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var b bench
	flag.StringVar(&b.slipway, "slipway", "slipway", "the command to measure")
	flag.StringVar(&b.source, "source", "examples/workspace", "the workspace to release")
	flag.StringVar(&b.cache, "cache", "", "slipway's cache (default: the user's)")
	flag.IntVar(&b.runs, "n", 3, "pairs of runs")
	flag.StringVar(&b.only, "crate", "", "measure this crate alone, and no packaging")
	flag.Parse()
	if err := b.run(); err != nil {
		log.Fatal(err)
	}
}

type bench struct {
	slipway, source, cache string
	only                   string
	runs                   int

	root string // the unpacked toolchain image
	work string
}

// crates lists what is released: a crate without dependencies, and one with dependencies
// from crates.io.
var crates = []struct{ name, version, edit string }{
	{"shim-demo", "0.1.0", "crates/shim-demo/src/engine.rs"},
	{"fetcher", "0.5.0", "crates/fetcher/src/lib.rs"},
}

func (b *bench) run() (err error) {
	if err := b.prepare(); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.work) }()
	fmt.Printf("slipway's dry run over bare cargo in the same image, %d pairs, ratios of wall times\n\n", b.runs)
	fmt.Printf("%-12s %-14s %8s %8s %8s   %s\n", "crate", "what", "min", "median", "max", "seconds of the medians")
	for _, c := range crates {
		if b.only != "" && b.only != c.name {
			continue
		}
		for _, what := range []string{"cold", "one-line edit", "no change"} {
			ours, bare, err := b.pairs(what, c.name, c.version, c.edit)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", c.name, what, err)
			}
			show(c.name, what, ours, bare)
		}
	}
	if b.only != "" {
		return nil
	}
	fmt.Println()
	return b.packaging()
}

func show(name, what string, ours, bare []time.Duration) {
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].Seconds()/bare[i].Seconds())
	}
	slices.Sort(ratios)
	slices.Sort(ours)
	slices.Sort(bare)
	mid := len(ratios) / 2
	fmt.Printf("%-12s %-14s %8.2f %8.2f %8.2f   %.2f / %.2f\n", name, what,
		ratios[0], ratios[mid], ratios[len(ratios)-1], ours[mid].Seconds(), bare[mid].Seconds())
}

// pairs measures one scenario: slipway, cargo, slipway, cargo … Preparing the scenario's
// initial state is not counted.
func (b *bench) pairs(what, crate, version, edit string) (ours, bare []time.Duration, err error) {
	for i := range b.runs {
		run, err := b.newRun(crate, version)
		if err != nil {
			return nil, nil, err
		}
		if what != "cold" {
			if _, err := run.slipway(); err != nil {
				return nil, nil, err
			}
			if _, err := run.cargo(); err != nil {
				return nil, nil, err
			}
		}
		if what == "one-line edit" {
			if err := run.edit(edit, i); err != nil {
				return nil, nil, err
			}
		}
		a, err := run.slipway()
		if err != nil {
			return nil, nil, err
		}
		c, err := run.cargo()
		if err != nil {
			return nil, nil, err
		}
		ours, bare = append(ours, a), append(bare, c)
		if err := os.RemoveAll(run.dir); err != nil {
			return nil, nil, err
		}
	}
	return ours, bare, nil
}

// prepare runs slipway once, so that the toolchain image exists and is unpacked.
func (b *bench) prepare() error {
	if b.cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		b.cache = filepath.Join(base, "slipway")
	}
	var err error
	for _, p := range []*string{&b.slipway, &b.source, &b.cache} {
		if strings.Contains(*p, "/") {
			if *p, err = filepath.Abs(*p); err != nil {
				return err
			}
		}
	}
	if b.work, err = os.MkdirTemp("", "slipway-bench-"); err != nil {
		return err
	}
	if _, err := command("", b.slipway, "release-crate", "--runner", "local", "--cache", b.cache, "--source", b.source,
		"--crate", crates[0].name, "--version", crates[0].version, "--out", filepath.Join(b.work, "out")); err != nil {
		return err
	}
	newest, err := filepath.Glob(filepath.Join(b.cache, "images", "*", "rootfs"))
	if err != nil || len(newest) == 0 {
		return fmt.Errorf("finding the unpacked image below %q: %w", b.cache, err)
	}
	slices.SortFunc(newest, func(a, c string) int { return used(a).Compare(used(c)) })
	// The stored image may be readable for the sandbox's user only. It is copied because
	// linking would change the times by which slipway detects changes to the unpacked image.
	b.root = filepath.Join(b.work, "rootfs")
	_, err = command("", "cp", "--archive", newest[len(newest)-1], b.root)
	return err
}

// used returns when an unpacked image was last used.
func used(root string) time.Time {
	info, err := os.Stat(filepath.Dir(root))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
