// Command pack packs one file as a release's tarball, for bench to measure.
package main

import (
	"io"
	"log"
	"os"

	"dagger/slipway/ci/dist"
)

func main() {
	in, out := os.Args[1], os.Args[2]
	info, err := os.Stat(in)
	if err != nil {
		log.Fatal(err)
	}
	f, err := os.Create(out)
	if err != nil {
		log.Fatal(err)
	}
	entry := dist.Entry{Name: "artifact", Executable: true, Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(in) }}
	if err := dist.WriteTarball(f, []dist.Entry{entry}); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
