package cargo

import "testing"

func TestAbortsOnPanic(t *testing.T) {
	const abort, unwind = "\n[profile.release]\npanic = \"abort\"\n", "\n[profile.release]\npanic = \"unwind\"\n"
	for _, tt := range []struct {
		name, manifest, config string
		want                   bool
	}{
		{"nothing said", "", "", false},
		{"the manifest", abort, "", true},
		{"another profile of the manifest", "\n[profile.dist]\ninherits = \"release\"\npanic = \"abort\"\n", "", false},
		{"the configuration", "", abort, true},
		{"the configuration takes precedence", abort, unwind, false},
		{"another setting in the configuration", abort, "\n[profile.release]\nlto = true\n", true},
		{"no table", "\n[profile]\nrelease = 1\n", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			contents := map[string]string{"Cargo.toml": pkg("a") + tt.manifest, "src/lib.rs": ""}
			if tt.config != "" {
				contents[".cargo/config.toml"] = tt.config
			}
			if got := read(t, contents).AbortsOnPanic(); got != tt.want {
				t.Errorf("AbortsOnPanic: %t, want %t", got, tt.want)
			}
		})
	}
}
