package beneath

import (
	"bytes"
	"context"
	"errors"
	"hash"
	"io"
	"os"
)

// piece is how many bytes are copied at once. A piece of zeros is not written.
const piece = 64 << 10

var zeros [piece]byte

// copySparse copies in to out, an empty file, and to sum until ctx ends, and returns how many
// bytes were copied. Pieces of zeros become holes, so that a sparse file stays one.
func copySparse(ctx context.Context, out *os.File, sum hash.Hash, in io.Reader) (size int64, err error) {
	part := make([]byte, piece)
	for err == nil {
		if ctx.Err() != nil {
			return size, context.Cause(ctx)
		}
		var n int
		n, err = io.ReadFull(in, part)
		_, _ = sum.Write(part[:n]) // never fails, see hash.Hash
		if !bytes.Equal(part[:n], zeros[:n]) {
			if _, bad := out.WriteAt(part[:n], size); bad != nil {
				return size, bad
			}
		}
		size += int64(n)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = out.Truncate(size)
	}
	return size, err
}
