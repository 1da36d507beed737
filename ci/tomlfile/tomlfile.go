// Package tomlfile decodes untrusted TOML. The underlying parser's memory grows with the square
// of the number of parts of a key, and it recurses as deep as values nest. This package counts
// them before parsing, so that the cost of a file is bounded by its size.
package tomlfile

import (
	"fmt"

	"github.com/BurntSushi/toml"
)

// Limits on a file. Even the largest files of cargo users are far below them: manifests of some
// 100 KB, lock files of 1 MB, keys of five parts.
const (
	MaxSize   = 4 << 20
	MaxDepth  = 32      // parts of a key, including those of the enclosing tables
	MaxTables = 20_000  // [tables], inline tables, and tables that dotted keys imply
	MaxValues = 300_000 // values of keys, and elements of arrays
)

// Unmarshal decodes a file into v as [toml.Unmarshal] does, and returns an error if it exceeds
// the limits.
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
