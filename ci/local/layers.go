package local

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/zstd"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/repository"
)

// unpackLayers extracts the layers of an image below dir, an empty directory. Every entry of every
// layer is counted before anything is kept of it, and the limits hold for all layers together. A
// layer whose bytes do not have the digest in the manifest is an error.
func unpackLayers(ctx context.Context, img v1.Image, dir string) error {
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	u := newUnpacking(root, beneath.KeptLimits())
	for i := len(layers) - 1; i >= 0; i-- { // from the top, so that a deleted file is never written
		if err := u.layer(ctx, layers[i]); err != nil {
			return err
		}
	}
	return nil
}

// layer extracts one layer, and compares what it read with the layer's digest.
func (u *unpacking) layer(ctx context.Context, l v1.Layer) (err error) {
	want, err := l.Digest()
	if err != nil {
		return err
	}
	size, err := l.Size()
	if err != nil {
		return err
	}
	if size < 0 || size > repository.MaxLayer {
		return fmt.Errorf("layer %q has %d bytes according to the manifest, expected at most %d", want, size, int64(repository.MaxLayer))
	}
	blob, err := l.Compressed()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, blob.Close()) }()
	sum := sha256.New()
	read := io.TeeReader(io.LimitReader(blob, size+1), sum)
	err = u.extract(ctx, read)
	var refused *beneath.Refused
	if errors.As(err, &refused) || ctx.Err() != nil {
		return err
	}
	// Damage is what explains an error best, so the rest is read in any case.
	_, reading := io.Copy(io.Discard, read)
	if got := fmt.Sprintf("sha256:%x", sum.Sum(nil)); reading == nil && got != want.String() {
		return fmt.Errorf("layer %q has the bytes of %q: fetch or make the image again", want, got)
	}
	return errors.Join(err, reading)
}

// extract decompresses a layer and extracts the archive in it.
func (u *unpacking) extract(ctx context.Context, blob io.Reader) error {
	plain, err := decompress(blob)
	if err != nil {
		return err
	}
	defer plain.Close()
	r := &unpacked{r: during{ctx, plain}, left: &u.left}
	if err := untar(r, u.root, u.keep); err != nil {
		return err
	}
	u.endLayer()
	_, err = io.Copy(io.Discard, r) // what follows the archive is part of the layer
	return err
}

// maxWindow is how many bytes a zstd layer may make the decoder keep in memory: zstd(1) itself
// decompresses no more without --long.
const maxWindow = 128 << 20

// decompress returns a layer's content: compressed with gzip or zstd, or not at all, whatever its media
// type says.
func decompress(blob io.Reader) (io.ReadCloser, error) {
	r := bufio.NewReader(blob)
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}): // RFC 1952, section 2.3.1
		return gzip.NewReader(r)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}): // RFC 8878, section 3.1.1
		z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// unpacked reads decompressed bytes until more than left have been read.
type unpacked struct {
	r    io.Reader
	left *int64 // of all layers
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if *u.left -= int64(n); *u.left < 0 {
		return 0, &beneath.Refused{Path: ".", Found: "is larger than any image", Want: fmt.Sprintf("at most %d bytes in all layers", beneath.KeptLimits().Total), Limit: true}
	}
	return n, err
}
