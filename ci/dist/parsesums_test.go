package dist

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	sumA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" // of "a"
	sumB = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" // of "b"
)

func TestParseSums(t *testing.T) {
	long := strings.Repeat("n", 100)
	tests := []struct {
		name, in string
		want     map[string][32]byte
	}{
		{"text", sumA + "  a\n", map[string][32]byte{"a": sha256.Sum256([]byte("a"))}},
		{"binary", sumA + " *a\n", map[string][32]byte{"a": sha256.Sum256([]byte("a"))}},
		{"both, unsorted", sumB + " *b.tar.gz\n" + sumA + "  a.tar.gz\n", map[string][32]byte{"a.tar.gz": sha256.Sum256([]byte("a")), "b.tar.gz": sha256.Sum256([]byte("b"))}},
		{"same digest", sumA + "  a\n" + sumA + "  b\n", map[string][32]byte{"a": sha256.Sum256([]byte("a")), "b": sha256.Sum256([]byte("a"))}},
		{"names that differ in case", sumA + "  a\n" + sumB + "  A\n", map[string][32]byte{"a": sha256.Sum256([]byte("a")), "A": sha256.Sum256([]byte("b"))}},
		{"longest name", sumA + "  " + long + "\n", map[string][32]byte{long: sha256.Sum256([]byte("a"))}},
	}
	for _, tt := range tests {
		got, err := ParseSums(strings.NewReader(tt.in))
		if err != nil || !maps.Equal(got, tt.want) {
			t.Errorf("%s: got %x, %v; want %x", tt.name, got, err, tt.want)
		}
	}
}

func TestParseSumsRefuses(t *testing.T) {
	const form = "is not a checksum line; expected 64 hexadecimal digits, two spaces and a file name"
	a := sumA + "  a\n"
	var thousand strings.Builder
	for i := range maxSums {
		fmt.Fprintf(&thousand, "%s  f%d\n", sumA, i)
	}
	tests := []struct{ name, in, want string }{
		{"empty", "", "reading SHA256SUMS: line 1: it is missing; expected at least one file"},
		{"empty line", "\n", `line 1: "" ` + form},
		{"empty line between", a + "\n" + sumB + "  b\n", `line 2: "" ` + form},
		{"empty line last", a + "\n", `line 2: "" ` + form},
		{"no newline", sumA + "  a", "has no newline; expected one, was the list fetched whole?"},
		{"cut within the last line", a + sumB[:30], "line 2: \"" + sumB[:30] + `" has no newline`},
		{"CRLF", sumA + "  a\r\n", "ends with a carriage return; expected a newline alone"},
		{"carriage return within a name", sumA + "  a\rb\n", `the file name "a\rb" is not plain`},
		{"twice", a + sumB + "  b\n" + a, `line 3: "a" is listed a second time; expected each file once`},
		{"twice with other digests", a + sumB + " *a\n", `line 2: "a" is listed a second time`},
		{"escaped newline", `\` + sumA + `  a\nb` + "\n", "begins with a backslash: it has an escaped name"},
		{"escaped plain name", `\` + a, "begins with a backslash"},
		{"upper-case digest", strings.ToUpper(sumA) + "  a\n", "is not a SHA-256 digest"},
		{"no digit", "g" + sumA[1:] + "  a\n", `"g` + sumA[1:] + `" is not a SHA-256 digest; expected 64 of the digits 0 to 9 and a to f`},
		{"NUL in the digest", "\x00" + sumA[1:] + "  a\n", "is not a SHA-256 digest"},
		{"short digest", sumA[1:] + "  a\n", form},
		{"long digest", "0" + sumA + "  a\n", form},
		{"SHA-512", sumA + sumB + "  a\n", form},
		{"one space", sumA + " a\n", form},
		{"tab", sumA + "\t a\n", form},
		{"other mark", sumA + " ?a\n", form},
		{"BSD form", "SHA256 (a) = " + sumA + "\n", form},
		{"byte order mark", "\ufeff" + a, form},
		{"digest alone", sumA + "\n", form},
		{"no name", sumA + "  \n", "a file has no name"},
		{"folder", sumA + "  dist/a\n", `the file name "dist/a" leads to a directory`},
		{"this folder", sumA + "  ./a\n", `the file name "./a" leads to a directory`},
		{"parent", sumA + "  ../a\n", `the file name "../a" leads to a directory`},
		{"absolute", sumA + "  /etc/passwd\n", "leads to a directory"},
		{"Windows folder", sumA + "  a\\b\n", "leads to a directory"},
		{"option", sumA + "  -a\n", `the file name "-a" is not plain`},
		{"standard input", sumA + "  -\n", `the file name "-" is not plain`},
		{"three spaces", sumA + "   a\n", `the file name " a" is not plain`},
		{"trailing space", sumA + "  a \n", `the file name "a " is not plain`},
		{"look-alike", sumA + "  \u0430\n", `the file name "\u0430" is not plain`},
		{"terminal escape", sumA + "  a\x1b[2J\n", `the file name "a\x1b[2J" is not plain`},
		{"NUL", sumA + "  a\x00\n", `the file name "a\x00" is not plain`},
		{"zero bytes", string(make([]byte, 70)) + "\n", form},
		{"101 bytes of name", sumA + "  " + strings.Repeat("n", 101) + "\n", "and continues; expected at most 167 bytes"},
		{"huge line", strings.Repeat("a", 10<<20), "and continues; expected at most 167 bytes"},
		{"1001 files", thousand.String() + a, "line 1001: expected at most 1000, a release has no more files"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSums(strings.NewReader(tt.in))
			if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %x, %v; want the error %q alone", got, err, tt.want)
			}
			if s := err.Error(); len(s) > 400 || strings.ContainsAny(s, "\r\n\x00\x1b") {
				t.Errorf("error of %d bytes is not one short line: %q", len(s), s)
			}
		})
	}
	if got, err := ParseSums(strings.NewReader(thousand.String())); err != nil || len(got) != maxSums {
		t.Errorf("1000 files: got %d, %v", len(got), err)
	}
}

func TestParseSumsReadError(t *testing.T) {
	bad := errors.New("bad disk")
	for _, before := range []string{"", sumA + "  a\n", sumA + "  a\n" + sumB} {
		got, err := ParseSums(io.MultiReader(strings.NewReader(before), failing{bad}))
		if !errors.Is(err, bad) || got != nil {
			t.Errorf("after %q: got %x, %v; want the reader's error", before, got, err)
		}
	}
}

// TestParseSumsReversesWriteSums checks that both use the same format.
func TestParseSumsReversesWriteSums(t *testing.T) {
	want := map[string][32]byte{}
	for _, name := range []string{"a", "B", "_", "a+b", "1-2.tar.gz", strings.Repeat("n", maxName)} {
		want[name] = sha256.Sum256([]byte(name))
	}
	var list bytes.Buffer
	if err := WriteSums(&list, want); err != nil {
		t.Fatal(err)
	}
	got, err := ParseSums(&list)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %x, %v; want %x", got, err, want)
	}
}

// TestParseSumsOfSha256sum parses the output of sha256sum, including escaped names.
func TestParseSumsOfSha256sum(t *testing.T) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("SKIPPED: sha256sum is not installed")
	}
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "new\nline"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (map[string][32]byte, error) {
		c := exec.Command("sha256sum", args...)
		c.Dir = dir
		out, err := c.Output()
		if err != nil {
			t.Fatalf("sha256sum %q: %v", args, err)
		}
		return ParseSums(bytes.NewReader(out))
	}
	want := map[string][32]byte{"a": sha256.Sum256([]byte("a")), "b": sha256.Sum256([]byte("b"))}
	for _, mode := range []string{"--text", "--binary"} {
		if got, err := run(mode, "a", "b"); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %x, %v; want %x", mode, got, err, want)
		}
	}
	for arg, want := range map[string]string{"new\nline": "begins with a backslash", "./a": "leads to a directory", "--tag": "is not a checksum line"} {
		if got, err := run(arg, "a"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sha256sum %q: got %x, %v; want %q", arg, got, err, want)
		}
	}
}

// FuzzParseSums checks that parsed lines are written back unchanged, in WriteSums' order
// and in text mode.
func FuzzParseSums(f *testing.F) {
	for _, seed := range []string{"", "\n", sumA + "  a\n", sumA + " *a\n" + sumB + "  b\n", sumA + "  a\r\n", `\` + sumA + `  a\nb` + "\n", sumA + "  a\n" + sumA + "  a\n", sumA + "  ../a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		sums, err := ParseSums(bytes.NewReader(in))
		if err != nil {
			if sums != nil || len(err.Error()) > 400 {
				t.Fatalf("got %x beside an error of %d bytes", sums, len(err.Error()))
			}
			return
		}
		want := map[string]bool{}
		for line := range strings.Lines(string(in)) {
			want[strings.Replace(line, " *", "  ", 1)] = true
		}
		var list bytes.Buffer
		if err := WriteSums(&list, sums); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(list.String()) {
			if !want[line] {
				t.Fatalf("%q is read out of %q", line, in)
			}
			delete(want, line)
		}
		if len(want) > 0 {
			t.Fatalf("%v is missing from what was read", want)
		}
	})
}
