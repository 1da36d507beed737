// Package reproduce compares a release with a rebuild from its source, and reports where
// they begin to differ.
package reproduce

import (
	"bufio"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Difference is where two files begin to differ.
type Difference struct {
	// Offset is the offset of the first byte that differs. If one file is a prefix of the
	// other, it is the size of the shorter one.
	Offset int64 `json:"offset"`
	// Released and Rebuilt are the sizes, in bytes.
	Released int64 `json:"released"`
	Rebuilt  int64 `json:"rebuilt"`
	// Sections lists the ELF sections of the rebuilt file whose bytes differ, in file order;
	// it is empty if that is not an ELF file. If the linker embeds a digest of the program,
	// the section with the digest is always among them.
	Sections []string `json:"sections,omitempty"`
}

func (d *Difference) String() string {
	s := fmt.Sprintf("first at byte %d of %d released and %d rebuilt", d.Offset, d.Released, d.Rebuilt)
	switch len(d.Sections) {
	case 0:
		return s
	case 1:
		return s + ", in section " + d.Sections[0]
	}
	return s + ", in sections " + strings.Join(d.Sections, " ")
}

// Files compares a released file with the rebuilt one. It returns nil if they have the same
// bytes. Memory use does not depend on their size.
func Files(released, rebuilt string) (*Difference, error) {
	a, sizeA, err := open(released)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, sizeB, err := open(rebuilt)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	offset, same, err := first(a, b)
	if err != nil {
		return nil, fmt.Errorf("comparing %q with %q: %w", released, rebuilt, err)
	}
	if same {
		return nil, nil
	}
	return &Difference{Offset: offset, Released: sizeA, Rebuilt: sizeB, Sections: sections(a, b)}, nil
}

func open(name string) (*os.File, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// first returns the offset of the first byte in which two streams differ, or that they are
// the same.
func first(a, b io.Reader) (offset int64, same bool, err error) {
	const chunk = 1 << 20
	x, y := bufio.NewReaderSize(a, chunk), bufio.NewReaderSize(b, chunk)
	for ; ; offset++ {
		p, errP := x.ReadByte()
		q, errQ := y.ReadByte()
		for _, err := range []error{errP, errQ} {
			if err != nil && !errors.Is(err, io.EOF) {
				return offset, false, err
			}
		}
		if errP != nil || errQ != nil || p != q {
			return offset, errP != nil && errQ != nil, nil
		}
	}
}

// sections returns the ELF sections of the rebuilt file whose bytes are not at the same
// offset in the released one. Only the rebuilt file is parsed as ELF, because a downloaded
// file is untrusted.
func sections(released, rebuilt io.ReaderAt) []string {
	f, err := elf.NewFile(rebuilt)
	if err != nil {
		return nil
	}
	var names []string
	slices.SortStableFunc(f.Sections, func(a, b *elf.Section) int { return cmp.Compare(a.Offset, b.Offset) })
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NOBITS || s.Name == "" {
			continue
		}
		at, size := int64(s.Offset), int64(s.FileSize)
		if _, same, err := first(io.NewSectionReader(released, at, size), io.NewSectionReader(rebuilt, at, size)); err == nil && !same {
			names = append(names, s.Name)
		}
	}
	return names
}
