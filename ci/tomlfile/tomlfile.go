// Package tomlfile decodes TOML that is hostile input. The parser below it takes memory
// that grows with the square of a key's parts, and recurses as deep as values nest; this
// package counts both before anything is parsed, so that what a file costs is bounded by
// its size.
package tomlfile

import (
	"fmt"

	"github.com/BurntSushi/toml"
)

// Upper bounds of a file. The largest that cargo users have stay far below: manifests of
// some 100 KB, lock files of 1 MB, keys of five parts.
const (
	MaxSize   = 4 << 20
	MaxDepth  = 32      // parts of a key, those of the tables around it included
	MaxTables = 200_000 // [tables], inline tables, and tables that dotted keys imply
)

// Unmarshal decodes a file into v, as [toml.Unmarshal] does, unless it is beyond the
// bounds above.
func Unmarshal(raw []byte, v any) error {
	if len(raw) > MaxSize {
		return fmt.Errorf("it has %d bytes, expected at most %d", len(raw), MaxSize)
	}
	s := scanner{text: raw, line: 1}
	if err := s.scan(); err != nil {
		return err
	}
	return toml.Unmarshal(raw, v)
}
