package conformance

// Refused lists workspaces for which even a dry run is refused, with texts of the error.
var Refused = []struct {
	Name  string
	Wants []string
}{
	{"stale-lock", []string{"Cargo.lock", "0.0.9", "0.1.0", "cargo update --workspace"}},
	{"path-outside", []string{`"elsewhere"`, "../../elsewhere", "outside the workspace"}},
	{"excluded-member", []string{`"excluded-member"`, "exclude"}},
}

// Stopped lists workspaces that can be dry-run but not released, with texts of the plan.
var Stopped = []struct {
	Name  string
	Wants []string
}{
	{"config-wrapper", []string{".cargo/config.toml:2: ", "wrapper", "replaces the compiler"}},
	{"config-source", []string{".cargo/config.toml:1: ", `"source"`}},
	{"config-include", []string{".cargo/extra.toml:2: ", `"build.rustc-wrapper"`}},
	{"config-rustflags", []string{".cargo/config.toml:2: ", "rustflags", "linker"}},
	{"config-credential", []string{".cargo/config.toml:2: ", "credential-provider"}},
	{"toolchain-path", []string{"rust-toolchain.toml:2: ", "/opt/toolchain", "name a channel"}},
	{"toolchain-channel", []string{"rust-toolchain.toml:2: ", `"1.50.0"`, "--toolchain"}},
	{"dep-without-version", []string{"Cargo.toml:15: ", `"leaf"`, "no version"}},
}
