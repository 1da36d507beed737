package reproduce

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files writes two files and returns their names.
func files(t *testing.T, released, rebuilt []byte) (string, string) {
	t.Helper()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "released"), filepath.Join(dir, "rebuilt")
	for name, content := range map[string][]byte{a: released, b: rebuilt} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

func TestFiles(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB: more than one read
	late := slices.Clone(long)
	late[len(late)-1] ^= 1
	tests := []struct {
		name              string
		released, rebuilt []byte
		want              *Difference
	}{
		{"the same", long, long, nil},
		{"both empty", nil, nil, nil},
		{"the first byte", []byte("abc"), []byte("xbc"), &Difference{Offset: 0, Released: 3, Rebuilt: 3}},
		{"the last byte, of many", long, late, &Difference{Offset: 2<<20 - 1, Released: 2 << 20, Rebuilt: 2 << 20}},
		{"released is the beginning", []byte("ab"), []byte("abc"), &Difference{Offset: 2, Released: 2, Rebuilt: 3}},
		{"rebuilt is the beginning", []byte("abc"), []byte("ab"), &Difference{Offset: 2, Released: 3, Rebuilt: 2}},
		{"released is empty", nil, []byte("a"), &Difference{Offset: 0, Released: 0, Rebuilt: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Files(files(t, tt.released, tt.rebuilt))
			if err != nil || (got == nil) != (tt.want == nil) || got != nil && (got.String() != tt.want.String() || len(got.Sections) > 0) {
				t.Errorf("Files = %v, %v, expected %v", got, err, tt.want)
			}
		})
	}
	a, b := files(t, nil, nil)
	for _, pair := range [][2]string{{a, b + "x"}, {a + "x", b}} {
		if d, err := Files(pair[0], pair[1]); err == nil {
			t.Errorf("Files(%q) = %v of a file that is not there", pair, d)
		}
	}
}

// TestSections changes a byte of this test binary.
func TestSections(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rebuilt, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(rebuilt))
	if err != nil {
		t.Skipf("SKIPPED: the test program is no ELF file: %v", err)
	}
	text, data := f.Section(".text").Offset, f.Section(".rodata").Offset
	released := slices.Clone(rebuilt)
	released[text+5] ^= 1
	d, err := Files(files(t, released, rebuilt))
	if err != nil || d == nil || d.Offset != int64(text)+5 || !slices.Equal(d.Sections, []string{".text"}) || !strings.HasSuffix(d.String(), ", in section .text") {
		t.Errorf("Files = %v, %v", d, err)
	}
	released[data] ^= 1
	d, err = Files(files(t, released, rebuilt))
	if err != nil || d == nil || !slices.Equal(d.Sections, []string{".text", ".rodata"}) || !strings.HasSuffix(d.String(), ", in sections .text .rodata") {
		t.Errorf("Files = %v, %v", d, err)
	}
	if d, err = Files(files(t, rebuilt[:text], rebuilt)); err != nil || d == nil || d.Offset != int64(text) || d.Sections[0] != ".text" {
		t.Errorf("Files of a cut file = %v, %v", d, err)
	}
	if d, err = Files(files(t, rebuilt, []byte("\x7fELF and no more"))); err != nil || d == nil || d.Sections != nil {
		t.Errorf("Files, rebuilt no ELF = %v, %v", d, err)
	}
}
