package archive

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// hostile is a tarball that must be refused.
type hostile struct {
	name   string
	packed []byte
	reason Reason
	want   string // part of the error
}

// alone packs an archive of one entry.
func alone(parts ...[]byte) []byte { return pack(slices.Concat(parts...), end()) }

func hostileNames() []hostile {
	tests := []hostile{
		{"parent", nil, ErrParent, `entry "../a": its name leads to a parent directory`},
		{"parent inside", nil, ErrParent, `entry "x/../../a"`},
		{"parent last", nil, ErrParent, `entry "x/.."`},
		{"parent alone", nil, ErrParent, `entry "..": `},
		{"absolute", nil, ErrAbsolute, `entry "/etc/passwd": it has an absolute name; expected the name of a file alone`},
		{"absolute parent", nil, ErrAbsolute, `entry "/../a"`},
		{"folder", nil, ErrFolder, `entry "bin/a": its name has a directory`},
		{"this folder", nil, ErrFolder, `entry "./a": its name has a directory`},
		{"this folder alone", nil, ErrFolder, `entry ".": `},
		{"slash last", nil, ErrFolder, `entry "a/": `},
		{"empty", nil, ErrName, `entry 1: its name is not plain: a file has no name`},
		{"backslash", nil, ErrName, `entry "..\\a": its name is not plain`},
		{"drive", nil, ErrName, `entry "C:a": its name is not plain`},
		{"newline", nil, ErrName, `entry "a\nb": its name is not plain`},
		{"terminal escape", nil, ErrName, `entry "a\x1b[2J": `},
		{"DEL", nil, ErrName, `entry "a\x7f": `},
		{"workflow command", nil, ErrName, `entry "#\x23[add-mask]a": `},
		{"invalid UTF-8", nil, ErrName, `entry "a\xff": its name is not plain`},
		{"right-to-left override", nil, ErrName, `entry "a\u202ez": `},
		{"look-alike", nil, ErrName, `entry "\u0430": `},
		{"trailing dot", nil, ErrName, `entry "a.": its name is not plain`},
		{"trailing space", nil, ErrName, `entry "a ": its name is not plain`},
		{"leading dash", nil, ErrName, `entry "-rf": its name is not plain`},
		{"option of tar", nil, ErrName, `entry "--checkpoint-action=exec=id": `},
		{"hidden file", nil, ErrName, `entry ".profile": `},
		{"NUL", nil, ErrName, `entry "a": its name is not plain: it continues after a zero byte`},
	}
	names := []string{
		"../a", "x/../../a", "x/..", "..", "/etc/passwd", "/../a", "bin/a", "./a", ".", "a/", "", `..\a`, "C:a", "a\nb", "a\x1b[2J", "a\x7f",
		"##[add-mask]a", "a\xff", "a\u202ez", "\u0430", "a.", "a ", "-rf", "--checkpoint-action=exec=id", ".profile", "a\x00/../../b",
	}
	for i := range tests {
		tests[i].name = "name: " + tests[i].name
		tests[i].packed = alone(file(names[i], "x"))
	}
	return append(tests,
		hostile{"prefix field", alone(file("a", "x", put(345, "bin"))), ErrFolder, `entry "bin/a": `},
		hostile{"parent in the prefix field", alone(file("a", "x", put(345, "../.."))), ErrParent, `entry "../../a": `},
		hostile{"NUL in the prefix field", alone(file("a", "x", put(345, "\x00bin"))), ErrName, "continues after a zero byte"},
		hostile{"duplicate", alone(file("a", "1"), file("b", "2"), file("a", "3")), ErrDuplicate, `entry "a": its name appears twice; expected each once`},
		hostile{"duplicate but for case", alone(file("app", "1"), file("App", "2")), ErrDuplicate, `entry "App": its name appears twice, but for case, as in "app"`},
	)
}

func hostileTypes() []hostile {
	through := slices.Concat(head('2', "out", 0, link("../..")), file("out/a", "x"))
	return []hostile{
		{"symbolic link", alone(head('2', "a", 0, link("/etc/passwd"))), ErrSymlink, `entry "a": it is a symbolic link to "/etc/passwd"; expected a plain file`},
		{"writing through a symbolic link", alone(through), ErrSymlink, `entry "out": it is a symbolic link to "../.."`},
		{"file over a symbolic link", alone(head('2', "a", 0, link("../b")), file("a", "x")), ErrSymlink, `to "../b"`},
		{"symbolic link after a file", alone(file("a", "x"), head('2', "b", 0, link("a"))), ErrSymlink, `entry "b": it is a symbolic link to "a"`},
		{"hard link", alone(file("a", "x"), head('1', "b", 0, link("a"))), ErrHardLink, `entry "b": it is a hard link to "a"`},
		{"hard link to outside", alone(head('1', "b", 0, link("/etc/passwd"))), ErrHardLink, `to "/etc/passwd"`},
		{"character device", alone(head('3', "a", 0)), ErrDevice, `entry "a": it is a device; expected a plain file`},
		{"block device", alone(head('4', "a", 0)), ErrDevice, `entry "a": it is a device`},
		{"folder", alone(head('5', "a", 0)), ErrFolder, `entry "a": its name has a directory: it is one`},
		{"FIFO", alone(head('6', "a", 0)), ErrFIFO, `entry "a": it is a named pipe`},
		{"contiguous file", alone(head('7', "a", 0)), ErrType, `entry "a": it is of an unknown type, '7'`},
		{"volume label", alone(head('V', "a", 0, gnu)), ErrType, `'V'`},
		{"type outside ASCII", alone(head(0xff, "a", 0)), ErrType, `'ÿ'`},
		{"sparse", alone(head('S', "a", 0, gnu, put(386, "00000000000\x0000000000000\x00"), put(483, "00010000000\x00"))), ErrSparse, `entry "a": it is a sparse file (GNU)`},
		{"target of a link on a file", alone(file("a", "x", link("/etc/passwd"))), ErrHeader, `it is a file with the link target "/etc/passwd"`},
		{"setuid", alone(file("a", "x", mode("0004755\x00"))), ErrMode, `entry "a": its mode is more than permissions: 04755 has setuid`},
		{"setgid", alone(file("a", "x", mode("0002755\x00"))), ErrMode, "02755"},
		{"sticky", alone(file("a", "x", mode("0001755\x00"))), ErrMode, "01755"},
		{"file type in the mode", alone(file("a", "x", mode("0100644\x00"))), ErrMode, "0100644"},
		{"mode is no number", alone(file("a", "x", mode("rwxr-xr-"))), ErrMode, `it is "rwxr-xr-"; expected an octal number`},
		{"negative mode", alone(file("a", "x", mode("\xff\xff\xff\xff\xff\xff\xff\xff"))), ErrMode, "expected an octal number"},
	}
}

func hostileSizes() []hostile {
	size := func(s string) []byte { return alone(head('0', "a", 0, put(124, s))) }
	return []hostile{
		{"negative size", size("-0000000001\x00"), ErrSize, `entry "a": its size is not a number of bytes: it is "-0000000001\x00"`},
		{"negative size of GNU", size("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), ErrSize, "expected up to 12 octal digits"},
		{"2^63 bytes", size("\x80\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00"), ErrSize, "expected up to 12 octal digits"},
		{"small size of GNU", size("\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), ErrSize, "expected up to 12 octal digits"},
		{"hexadecimal size", size("0x000000001\x00"), ErrSize, `"0x000000001\x00"`},
		{"decimal size", size("00000000009\x00"), ErrSize, `"00000000009\x00"`},
		{"size with a space first", size("          1\x00"), ErrSize, `"          1\x00"`},
		{"size behind a NUL", size("0\x0000000001\x00\x00"), ErrSize, "expected up to 12 octal digits"},
		{"no size", size("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ErrSize, "expected up to 12 octal digits"},
		{"64 GiB", size("777777777777"), ErrTooLarge, "it is too large, with 68719476735 bytes; expected at most 2147483648"},
	}
}

func hostileRecords() []hostile {
	// With the size in the extended header, content would be read as a header.
	inner := file("hidden", "y")
	bySize := slices.Concat(extended(record("size", "1024")), head('0', "a", 0), inner)
	with := func(lines ...string) []byte { return alone(extended(lines...), file("a", "x")) }
	return []hostile{
		{"PAX size over ustar's", alone(bySize), ErrDisagree, `entry "a": its extended header contradicts its own: it has "1024" bytes (pax), not 0`},
		{"PAX size under ustar's", alone(extended(record("size", "0")), file("a", string(inner))), ErrDisagree, `it has "0" bytes (pax), not 1024`},
		{"PAX size spelled otherwise", with(record("size", "01")), ErrDisagree, `"01" bytes`},
		{"empty PAX size", with(record("size", "")), ErrDisagree, `"" bytes`},
		{"negative PAX size", with(record("size", "-1")), ErrDisagree, `"-1" bytes`},
		{"PAX path", with(record("path", "b")), ErrDisagree, `entry "a": its extended header contradicts its own: its name is "b" (pax)`},
		{"PAX path to outside", with(record("path", "../../etc/passwd")), ErrDisagree, `its name is "../../etc/passwd"`},
		{"PAX linkpath", with(record("linkpath", "/etc/passwd")), ErrRecord, `"linkpath" is "/etc/passwd" (pax)`},
		{"PAX capabilities", with(record("SCHILY.xattr.security.capability", "\x01\x02")), ErrRecord, `"SCHILY.xattr.security.capability" is "\x01\x02" (pax)`},
		{"PAX ACL", with(record("SCHILY.acl.access", "user::rwx")), ErrRecord, "SCHILY.acl.access"},
		{"PAX charset", with(record("hdrcharset", "BINARY")), ErrRecord, "hdrcharset"},
		{"unknown PAX record", with(record("VENDOR.thing", "1")), ErrRecord, "VENDOR.thing"},
		{"PAX time that is none", with(record("mtime", "now")), ErrRecord, `"mtime" is "now"`},
		{"PAX owner that is none", with(record("uid", "0.5")), ErrRecord, `"uid" is "0.5"`},
		{"sparse file in PAX 1.0", with(record("GNU.sparse.major", "1"), record("GNU.sparse.minor", "0"), record("GNU.sparse.name", "b")), ErrSparse, `entry "a": it is a sparse file (pax)`},
		{"sparse file in PAX 0.1", with(record("GNU.sparse.map", "0,1")), ErrSparse, "it is a sparse file (pax)"},
		{"same PAX record twice", with(record("mtime", "1"), record("mtime", "2")), ErrRecord, `it says "mtime" twice (pax)`},
		{"PAX path hidden behind a true one", with(record("path", "a"), record("path", "b")), ErrRecord, `it says "path" twice (pax)`},
		{"PAX record of wrong length", with("99 mtime=1\n"), ErrRecord, `"99 mtime=1\n" is not a record of one (pax)`},
		{"PAX record of negative length", with("-9 mtime=1\n"), ErrRecord, "is not a record of one (pax)"},
		{"PAX record with leading zeros", with("012 mtime=1\n"), ErrRecord, "is not a record of one (pax)"},
		{"PAX record of huge length", with("99999999999999999999 a=b\n"), ErrRecord, "is not a record of one (pax)"},
		{"PAX record too short", with("3 \n"), ErrRecord, "is not a record of one (pax)"},
		{"PAX record without a newline", with("10 mtime=1x"), ErrRecord, "is not a record of one (pax)"},
		{"PAX record without a key", with("6 =ab\n"), ErrRecord, "is not a record of one (pax)"},
		{"PAX record with a NUL", with(record("comment", "a\x00b")), ErrRecord, "is not a record of one (pax)"},
		{"PAX record with invalid UTF-8", with(record("comment", "\xff")), ErrRecord, "is not a record of one (pax)"},
		{"PAX records that are large", with(record("comment", strings.Repeat("c", maxRecords))), ErrRecord, "expected at most 8192"},
		{"PAX records of a huge size", alone(head('x', "a", 1<<33-1), file("a", "x")), ErrRecord, "one of 8589934591 bytes (pax)"},
		{"PAX records before PAX records", alone(extended(record("mtime", "2")), extended(record("mtime", "1")), file("a", "x")), ErrRecord, "a second one (pax) after another"},
		{"PAX records before nothing", alone(file("a", "x"), extended(record("mtime", "1"))), ErrRecord, "the archive ends after it"},
		{"PAX records of a symbolic link", alone(extended(record("mtime", "1")), head('2', "a", 0, link("b"))), ErrSymlink, `entry "a": it is a symbolic link to "b"`},
		{"global PAX records", alone(head('g', "pax_global_header", 10), fill(record("path", "../b")), file("a", "x")), ErrRecord, "a global one (pax)"},
		{"long name of GNU", alone(head('L', "././@LongLink", 7, gnu), fill("../../b"), file("a", "x", gnu)), ErrRecord, "a long name (GNU), which replaces the next one"},
		{"long target of GNU", alone(head('K', "././@LongLink", 2, gnu), fill("b\x00"), file("a", "x", gnu)), ErrRecord, "a long target of a link (GNU)"},
	}
}

func hostileHeaders() []hostile {
	broken := file("a", "x")
	broken[0] = 'b'
	return []hostile{
		{"wrong checksum", alone(broken), ErrHeader, "entry 1: it has a damaged tar header: its checksum is wrong"},
		{"no tar", alone([]byte(strings.Repeat("no tar archive. ", 64))), ErrHeader, "its checksum is wrong"},
		{"V7", alone(file("a", "x", put(257, "\x00\x00\x00\x00\x00\x00\x00\x00"))), ErrHeader, `its format is "\x00\x00\x00\x00\x00\x00\x00\x00"; expected ustar`},
		{"other magic", alone(file("a", "x", put(257, "ustar\x00 \x00"))), ErrHeader, `its format is "ustar\x00 \x00"`},
		{"star", alone(file("a", "x", put(508, "tar\x00"))), ErrHeader, "it has bytes after the fields of ustar"},
		{"times of GNU", alone(file("a", "x", gnu, put(345, "00000000001\x00"))), ErrHeader, "it has fields of GNU tar's incremental archives"},
		{"prefix in a header of GNU", alone(file("a", "x", gnu, put(345, "../.."))), ErrHeader, "it has fields of GNU tar's incremental archives"},
		{"owner is no number", alone(file("a", "x", put(108, "root\x00"))), ErrHeader, `its owner is "root\x00`},
		{"group is no number", alone(file("a", "x", put(116, "root\x00"))), ErrHeader, `its group is "root\x00`},
		{"time is no number", alone(file("a", "x", put(136, "yesterday\x00"))), ErrHeader, `its time is "yesterday\x00`},
		{"negative time", alone(file("a", "x", put(136, strings.Repeat("\xff", 12)))), ErrHeader, "its time is "},
		{"device is no number", alone(file("a", "x", put(329, "x"))), ErrHeader, `its major device is "x`},
		{"minor device is no number", alone(file("a", "x", put(337, "x"))), ErrHeader, `its minor device is "x`},
	}
}

func hostileEnds() []hostile {
	a := file("a", "x")
	whole := alone(a)
	lone := make([]byte, blockSize)
	garbage := append(bytes.Clone(whole), "garbage"...)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1
	noise := bytes.Clone(whole)
	noise[10] = 0xff // a block type that deflate does not define
	dirty := bytes.Clone(a)
	dirty[len(dirty)-1] = 1
	return []hostile{
		{"nothing", nil, ErrTruncated, "reading tarball: it ends too early, within its gzip file"},
		{"no gzip", slices.Concat(a, end()), ErrGzip, "reading tarball: it is not an intact gzip file (gzip: invalid header)"},
		{"an error page", []byte("<!DOCTYPE html><html>Not Found</html>"), ErrGzip, "expected the .tar.gz of a release"},
		{"wrong checksum of gzip", flipped, ErrGzip, "reading tarball: it is not an intact gzip file (gzip: invalid checksum)"},
		{"damaged gzip", noise, ErrGzip, "(flate: corrupt input before offset"},
		{"cut in the gzip header", whole[:5], ErrTruncated, "within its gzip file; was it fetched whole?"},
		{"cut in the compressed data", whole[:len(whole)/2], ErrTruncated, "within its gzip file"},
		{"cut in the trailer of gzip", whole[:len(whole)-1], ErrTruncated, "within its gzip file"},
		{"empty tar", pack(), ErrTruncated, "entry 1: it ends too early: no end of the archive"},
		{"cut in a header", pack(a[:100]), ErrTruncated, "no end of the archive"},
		{"cut in a file", pack(file("a", strings.Repeat("x", 2000))[:1000]), ErrTruncated, `entry "a": it ends too early, after 488 of 2000 bytes`},
		{"cut in the zeros behind a file", pack(a[:600]), ErrTruncated, `entry "a": it ends too early, within the zeros after its 1 bytes`},
		{"cut before the end of the archive", pack(a), ErrTruncated, "entry 2: it ends too early: no end of the archive"},
		{"one zero block", pack(a, lone), ErrTruncated, "it ends too early: no end of the archive"},
		{"cut in the second zero block", pack(a, lone, lone[:100]), ErrTruncated, "no end of the archive"},
		{"cut in the last record", pack(a, end(), lone[:100]), ErrTruncated, "within a block"},
		{"no entry", alone(), ErrEmpty, "reading tarball: it has no entry; expected at least the binary"},
		{"second gzip member", slices.Concat(whole, alone(file("b", "y"))), ErrTrailing, "it has data after an end, that of its gzip member: another member"},
		{"archive cut into two members", slices.Concat(pack(a), pack(end())), ErrTruncated, "no end of the archive"},
		{"empty second gzip member", slices.Concat(whole, pack()), ErrTrailing, "that of its gzip member: another member"},
		{"garbage behind gzip", garbage, ErrTrailing, "that of its gzip member; expected nothing"},
		{"zero behind gzip", append(bytes.Clone(whole), 0), ErrTrailing, "that of its gzip member; expected nothing"},
		{"second archive", pack(a, end(), file("b", "y"), end()), ErrTrailing, "it has data after an end, that of the archive"},
		{"second archive behind one zero block", pack(a, lone, file("b", "y"), end()), ErrTrailing, "that of the archive"},
		{"garbage behind the archive", pack(a, end(), []byte("garbage"+strings.Repeat("\x00", 505))), ErrTrailing, "that of the archive"},
		{"garbage in the last block", pack(a, end(), end(), append(make([]byte, 511), 1)), ErrTrailing, "that of the archive"},
		{"data behind a file", pack(dirty, end()), ErrTrailing, `entry "a": it has data after an end: its 1 bytes are not filled up with zeros`},
		{"data behind PAX records", alone(extended(record("mtime", "1"))[:1023], []byte{1}, a), ErrTrailing, "are not filled up with zeros"},
	}
}

func allHostile() []hostile {
	return slices.Concat(hostileNames(), hostileTypes(), hostileSizes(), hostileRecords(), hostileHeaders(), hostileEnds())
}

func TestReadRefuses(t *testing.T) {
	for _, tt := range allHostile() {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, bytes.NewReader(tt.packed), ReleaseLimits())
			var got Reason
			if !errors.As(err, &got) || got != tt.reason || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want it to say %q", err, tt.want)
			}
		})
	}
}
