package archive

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/quote"
)

// checkFile returns an error unless an entry is a regular file with a plain name.
func checkFile(h header) error {
	const expected = "expected plain files only, pack them with tar --format=ustar"
	switch h.kind {
	case kindGlobal:
		return fmt.Errorf("%w: a global one (pax), about all that follow; %s", ErrRecord, expected)
	case kindExtended:
		return fmt.Errorf("%w: a second one (pax) after another; %s", ErrRecord, expected)
	case kindLongName:
		return fmt.Errorf("%w: a long name (GNU), which replaces the next one; %s", ErrRecord, expected)
	case kindLongLink:
		return fmt.Errorf("%w: a long target of a link (GNU); %s", ErrRecord, expected)
	}
	if err := checkName(h); err != nil {
		return err
	}
	if err := checkKind(h); err != nil {
		return err
	}
	if h.mode > 0o777 {
		return fmt.Errorf("%w: %#o has setuid, setgid, sticky or unknown bits; expected at most 0777", ErrMode, h.mode)
	}
	return nil
}

func checkKind(h header) error {
	const file = "expected a plain file"
	switch h.kind {
	case kindFile, kindOldFile:
		if h.link != "" {
			return fmt.Errorf("%w: it is a file with the link target %s; %s", ErrHeader, quote.Line(h.link), file)
		}
		return nil
	case kindHardLink:
		return fmt.Errorf("%w to %s; %s", ErrHardLink, quote.Line(h.link), file)
	case kindSymlink:
		return fmt.Errorf("%w to %s; %s", ErrSymlink, quote.Line(h.link), file)
	case kindChar, kindBlock:
		return fmt.Errorf("%w; %s", ErrDevice, file)
	case kindFolder:
		return fmt.Errorf("%w: it is one; %s, a release is flat", ErrFolder, file)
	case kindFIFO:
		return fmt.Errorf("%w; %s", ErrFIFO, file)
	case kindSparse:
		return fmt.Errorf("%w (GNU); %s, pack it without --sparse", ErrSparse, file)
	}
	return fmt.Errorf("%w, %q; %s", ErrType, h.kind, file)
}

// checkName returns an error unless dist.CheckName accepts the name.
func checkName(h header) error {
	err := dist.CheckName(h.name)
	if h.hidden {
		err = errors.New("it continues after a zero byte")
	}
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(h.name, "/"):
		return fmt.Errorf("%w; expected the name of a file alone", ErrAbsolute)
	case slices.Contains(strings.Split(h.name, "/"), ".."):
		return fmt.Errorf("%w; expected the name of a file alone", ErrParent)
	case strings.Contains(h.name, "/") || h.name == ".":
		return fmt.Errorf("%w; expected the name of a file alone, a release is flat: pack it with tar -C <directory> <files>", ErrFolder)
	}
	return fmt.Errorf("%w: %w", ErrName, err)
}
