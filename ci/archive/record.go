package archive

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dagger/slipway/ci/quote"
)

// maxRecords is the largest extended header in bytes. GNU tar and bsdtar write some hundred
// bytes for a regular file.
const maxRecords = 8 << 10

// readRecords reads an extended header of size bytes (POSIX.1-2001, pax, "pax Extended
// Header"): lines of "<length> <key>=<value>", where length is that of the line in bytes. A
// duplicate key is an error, because readers disagree about which one counts.
func readRecords(s *stream, size int64) (map[string]string, error) {
	if size > maxRecords {
		return nil, fmt.Errorf("%w: one of %d bytes (pax); expected at most %d", ErrRecord, size, maxRecords)
	}
	var raw strings.Builder
	if err := s.copy(&raw, size); err != nil {
		return nil, err
	}
	records := map[string]string{}
	for rest := raw.String(); rest != ""; {
		key, value, after, ok := cutRecord(rest)
		if _, twice := records[key]; twice {
			return nil, fmt.Errorf("%w: it says %s twice (pax)", ErrRecord, quote.Line(key))
		}
		if !ok {
			return nil, fmt.Errorf("%w: %s is not a record of one (pax)", ErrRecord, quote.Line(rest))
		}
		records[key] = value
		rest = after
	}
	return records, nil
}

// cutRecord splits the first record off s. ok is false unless the record is well-formed
// UTF-8 without NULs.
func cutRecord(s string) (key, value, rest string, ok bool) {
	digits, _, ok := strings.Cut(s, " ")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || digits != strconv.Itoa(n) || n < len(digits)+2 || n > len(s) {
		return "", "", "", false
	}
	line, ended := strings.CutSuffix(s[len(digits)+1:n], "\n")
	key, value, ok = strings.Cut(line, "=")
	ok = ok && ended && key != "" && utf8.ValidString(line) && !strings.Contains(line, "\x00")
	return key, value, s[n:], ok
}

// harmless maps the keys of records that do not affect what is unpacked to the form of
// their values.
var harmless = map[string]*regexp.Regexp{
	"mtime":                   seconds,
	"atime":                   seconds,
	"ctime":                   seconds,
	"LIBARCHIVE.creationtime": seconds,
	"uid":                     id,
	"gid":                     id,
	"uname":                   anything,
	"gname":                   anything,
	"comment":                 anything,
}

var (
	seconds  = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]+)?$`)
	id       = regexp.MustCompile(`^[0-9]{1,18}$`)
	anything = regexp.MustCompile(`^`)
)

// checkRecords returns an error for records that would change the name or content of h.
func checkRecords(records map[string]string, h header) error {
	for _, key := range slices.Sorted(maps.Keys(records)) {
		value := records[key]
		form, known := harmless[key]
		switch {
		case known && form.MatchString(value):
		case key == "path" && value == h.name:
		case key == "size" && value == strconv.FormatInt(h.size, 10):
		case key == "path":
			return fmt.Errorf("%w: its name is %s (pax)", ErrDisagree, quote.Line(value))
		case key == "size":
			return fmt.Errorf("%w: it has %s bytes (pax), not %d", ErrDisagree, quote.Line(value), h.size)
		case strings.HasPrefix(key, "GNU.sparse."):
			return fmt.Errorf("%w (pax); expected a plain file, pack it without --sparse", ErrSparse)
		default:
			return fmt.Errorf("%w: %s is %s (pax); expected times and owners only, pack it with tar --format=ustar", ErrRecord, quote.Line(key), quote.Line(value))
		}
	}
	return nil
}
