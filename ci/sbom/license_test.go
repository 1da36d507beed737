package sbom

import (
	"strings"
	"testing"
)

func TestExpression(t *testing.T) {
	tests := []struct{ license, want string }{
		{"MIT", "MIT"},
		{"MIT OR Apache-2.0", "MIT OR Apache-2.0"},
		{"Apache-2.0 OR MIT", "Apache-2.0 OR MIT"},
		{"MIT/Apache-2.0", "MIT OR Apache-2.0"},
		{"Apache-2.0 / MIT/ISC", "Apache-2.0 OR MIT OR ISC"},
		{"(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT OR Apache-2.0) AND Unicode-3.0"},
		{"CC0-1.0 OR Apache-2.0 OR Apache-2.0 WITH LLVM-exception", "CC0-1.0 OR Apache-2.0 OR Apache-2.0 WITH LLVM-exception"},
		{"GPL-2.0+", "GPL-2.0+"},
		{"LicenseRef-ours", "LicenseRef-ours"},
		{"DocumentRef-x:LicenseRef-ours", "DocumentRef-x:LicenseRef-ours"},
		{" MIT ", "MIT"},
		{"", ""},
		{"non-standard", ""}, // valid syntax, but no identifier of the SPDX list
		{"mit", ""},
		{"GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"},
		{"MIT WITH non-standard", ""},
		{"All rights reserved", ""},
		{"MIT OR", ""},
		{"OR MIT", ""},
		{"MIT or Apache-2.0", ""},
		{"MIT, Apache-2.0", ""},
		{"(MIT", ""},
		{"MIT)", ""},
		{"()", ""},
		{"MIT WITH (x)", ""},
		{"MIT+Apache", ""},
		{"See LICENSE.txt", ""},
		{"MIT\nOR\tISC", "MIT OR ISC"},
		{"<b>", ""},
		{"МIT", ""}, // a Cyrillic letter
		{strings.Repeat("(", 1<<20), ""},
		{strings.Repeat("(", 200) + "MIT" + strings.Repeat(")", 200), strings.Repeat("(", 200) + "MIT" + strings.Repeat(")", 200)},
		{strings.Repeat("(", 200) + "MIT" + strings.Repeat(")", 199), ""},
	}
	for _, tt := range tests {
		if got := expression(tt.license); got != tt.want {
			t.Errorf("expression(%.60q) = %q, want %q", tt.license, got, tt.want)
		}
	}
}
