package sbom

import (
	"slices"
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	const common = "cargo tree --manifest-path /src/a/Cargo.toml --locked --offline --target x86_64-unknown-linux-musl" +
		" --edges normal,no-proc-macro --prefix depth --charset ascii --format {p}\t{l}\t{r}"
	tests := []struct {
		name, manifest, target string
		features               []string
		want, err              string
	}{
		{"plain", "/src/a/Cargo.toml", x8664, nil, common, ""},
		{"features", "/src/a/Cargo.toml", x8664, []string{"net", "cli", "dep/x"}, common + " --features cli,dep/x,net", ""},
		{"no target", "/src/a/Cargo.toml", "", nil, "", `for target "": expected both`},
		{"no manifest", "", x8664, nil, "", `manifest "" for target`},
		{"all targets", "/src/a/Cargo.toml", "all", nil, "", `target "all": expected a target triple`},
		{"two features in one", "/src/a/Cargo.toml", x8664, []string{"a,b"}, "", `feature "a,b": expected one name`},
		{"empty feature", "/src/a/Cargo.toml", x8664, []string{""}, "", `feature "": expected one name`},
	}
	for _, tt := range tests {
		before := slices.Clone(tt.features)
		got, err := Args(tt.manifest, tt.target, tt.features)
		if strings.Join(got, " ") != tt.want || (err == nil) != (tt.err == "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: error %q does not say %q", tt.name, err, tt.err)
		}
		if !slices.Equal(before, tt.features) {
			t.Errorf("%s: the features were changed to %q", tt.name, tt.features)
		}
	}
}
