package console

import (
	"errors"
	"io"
	"log"
	"os"
	"sync"
)

// TakeOver redirects what libraries print to the standard streams and the log through
// [Stdout] and [Stderr], because some print responses of servers. The returned function
// passes on what is left and restores the streams.
func TakeOver() (end func() error, err error) { return takeOver(Stdout, Stderr) }

func takeOver(out, err *Writer) (func() error, error) {
	logged, wasOut, wasErr := log.Writer(), os.Stdout, os.Stderr
	var copying sync.WaitGroup
	pipe := func(to *Writer) (*os.File, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		copying.Go(func() {
			_, _ = io.Copy(to, r)
			_ = r.Close()
		})
		return w, nil
	}
	newOut, failed := pipe(out)
	if failed != nil {
		return nil, failed
	}
	newErr, failed := pipe(err)
	if failed != nil {
		return nil, errors.Join(failed, newOut.Close())
	}
	os.Stdout, os.Stderr = newOut, newErr
	log.SetOutput(err)
	return func() error {
		os.Stdout, os.Stderr = wasOut, wasErr
		log.SetOutput(logged)
		closed := errors.Join(newOut.Close(), newErr.Close())
		copying.Wait()
		return errors.Join(closed, out.Flush(), err.Flush())
	}, nil
}
