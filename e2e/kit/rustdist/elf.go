package rustdist

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// glibc is the newest minor version of glibc 2 that packed programs may ask for: that of
// Debian bookworm.
const glibc = 36

// later is the library that supplies what glibc lacks, see transplant.
const later = "libglibc-later.so"

// partOfGlibc matches the libraries that every program takes from the machine it runs on.
var partOfGlibc = regexp.MustCompile(`^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|mvec))\.so\.\d+$`)

// glibcVersion matches the names of versions of glibc's symbols.
var glibcVersion = regexp.MustCompile(`^GLIBC_2\.(\d+)`)

// sharedLibraries returns the paths of the shared libraries that programs load, and that
// these load in turn, without glibc's. They are searched in directories.
func sharedLibraries(programs, directories []string) ([]string, error) {
	found := map[string]string{}
	for todo := slices.Clone(programs); len(todo) > 0; todo = todo[1:] {
		f, err := elf.Open(todo[0])
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", todo[0], err)
		}
		names, err := f.ImportedLibraries()
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("reading what %q needs: %w", todo[0], err)
		}
		for _, name := range names {
			if found[name] != "" || partOfGlibc.MatchString(name) {
				continue
			}
			if found[name] = search(name, directories); found[name] == "" {
				return nil, fmt.Errorf("%q needs %q, which is in none of the fetched packages", todo[0], name)
			}
			todo = append(todo, found[name])
		}
	}
	var paths []string
	for _, path := range found {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, nil
}

func search(name string, directories []string) string {
	for _, dir := range directories {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// older are functions that later versions of glibc have anew: fmod no longer sets errno, and
// speeds of terminals are any numbers, which only an interactive editor asks for. Rust is
// well served by the ones that there were.
var older = []string{"cfgetispeed", "cfgetospeed", "cfsetispeed", "cfsetospeed", "fmod", "fmodf"}

// oldest is the version that all symbols of glibc's beginnings on x86_64 have, and its hash.
const (
	oldest     = "GLIBC_2.2.5"
	oldestHash = 0x09691a75
)

// downgrade makes a file ask for the oldest version of symbols wherever it asks for one that
// bookworm's glibc does not have. The loader then starts it, and finds such symbols in glibc
// itself, if they are among older, or in the library that supplies them. It returns an error
// for others.
func downgrade(path string, supplied map[string]bool) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("reading %q: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	section := f.SectionByType(elf.SHT_GNU_VERNEED)
	if section == nil {
		return nil
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("reading the symbols of %q: %w", path, err)
	}
	for _, s := range symbols {
		optional := elf.ST_BIND(s.Info) == elf.STB_WEAK
		if s.Section == elf.SHN_UNDEF && isLater(s.Version) && !optional && !supplied[s.Name] && !slices.Contains(older, s.Name) {
			return fmt.Errorf("%q calls %s@%s, which Debian bookworm's glibc lacks: add it to recipe/glibc.c", path, s.Name, s.Version)
		}
	}
	raw, err := section.Data()
	if err != nil {
		return fmt.Errorf("reading the versions that %q needs: %w", path, err)
	}
	names, err := f.Sections[section.Link].Data()
	if err != nil {
		return fmt.Errorf("reading the names in %q: %w", path, err)
	}
	if err := downgradeVersions(raw, names); err != nil {
		return fmt.Errorf("changing the versions that %q needs: %w", path, err)
	}
	changed, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := changed.WriteAt(raw, int64(section.Offset)); err != nil {
		return err
	}
	return changed.Close()
}

func isLater(version string) bool {
	m := glibcVersion.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	var minor int
	_, err := fmt.Sscan(m[1], &minor)
	return err == nil && minor > glibc
}

// downgradeVersions changes a section of the type SHT_GNU_VERNEED, whose layout is that of
// the Linux Standard Base, "Symbol Versioning": Elf64_Verneed and its list of Elf64_Vernaux,
// each with the distance to the next.
func downgradeVersions(section, names []byte) error {
	known := bytes.Index(names, []byte("\x00"+oldest+"\x00")) + 1
	le := binary.LittleEndian
	for file := 0; ; {
		for aux := file + int(le.Uint32(section[file+8:])); ; {
			name := names[le.Uint32(section[aux+8:]):]
			if isLater(string(name[:bytes.IndexByte(name, 0)])) {
				if known == 0 {
					return fmt.Errorf("it does not name %s, by which to replace a later one", oldest)
				}
				le.PutUint32(section[aux:], oldestHash)
				le.PutUint32(section[aux+8:], uint32(known))
			}
			next := int(le.Uint32(section[aux+12:]))
			if next == 0 {
				break
			}
			aux += next
		}
		next := int(le.Uint32(section[file+12:]))
		if next == 0 {
			return nil
		}
		file += next
	}
}

// suppliedBy returns the names of the symbols that a library defines.
func suppliedBy(path string) (map[string]bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return nil, err
	}
	supplied := map[string]bool{}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			supplied[s.Name] = true
		}
	}
	return supplied, nil
}
