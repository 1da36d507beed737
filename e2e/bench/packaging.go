package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// packaging compares `tar | pigz`, with the compression level and threads used for release
// tarballs, with the benchmark of ci/dist on the same file.
func (b *bench) packaging() error {
	file, err := os.CreateTemp(b.work, "artifact-")
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	big := filepath.Join(b.root, "usr/lib/x86_64-linux-gnu")
	largest, err := largestFile(big)
	if err != nil {
		return err
	}
	if err := os.Link(largest, file.Name()+".bin"); err != nil {
		text, err := os.ReadFile(largest)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file.Name()+".bin", text, 0o644); err != nil {
			return err
		}
	}
	target := file.Name() + ".bin"
	packer := filepath.Join(b.work, "pack")
	if _, err := command("", "go", "build", "-o", packer, "dagger/slipway/e2e/bench/pack"); err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for range b.runs {
		a, err := command("", packer, target, filepath.Join(b.work, "ours.tar.gz"))
		if err != nil {
			return err
		}
		line := fmt.Sprintf("tar -c -C '%s' '%s' | pigz -9 -n >'%s'", filepath.Dir(target), filepath.Base(target), filepath.Join(b.work, "theirs.tar.gz"))
		c, err := command("", "sh", "-c", line)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, c)
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	fmt.Printf("packaging %s (%d MB) over tar | pigz -9, wall time\n", strings.TrimPrefix(largest, b.root), info.Size()>>20)
	show("", "pack", ours, theirs)
	return nil
}

func largestFile(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var best string
	var size int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() > size {
			best, size = filepath.Join(dir, e.Name()), info.Size()
		}
	}
	return best, nil
}
