package cargo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// flagsError returns the reason why compiler flags are refused, "" if they are allowed. Flags
// that replace a part of the compiler are refused: cargo passes them after the linker settings
// from the environment, and the last flag wins. flags is a string or a list of strings, as in
// cargo's configuration.
func flagsError(key string, flags any) string {
	var args []string
	switch v := flags.(type) {
	case string:
		args = strings.Fields(v)
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return fmt.Sprintf("%q holds %v, expected strings", key, e)
			}
			args = append(args, s)
		}
	default:
		return fmt.Sprintf("%q is %T, expected a string or a list of strings", key, flags)
	}
	for i, arg := range args {
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		if why := refusedFlag(arg, next); why != "" {
			return fmt.Sprintf("%q in %q is not allowed in a release: %s", arg, key, why)
		}
	}
	return ""
}

// refusedFlag returns the reason why a rustc flag is refused, "" if it is allowed. next is the
// following argument, which may be the flag's value.
func refusedFlag(arg, next string) string {
	option, value, hasValue := cutFlag(arg)
	if !hasValue {
		value = next
	}
	name, setting, _ := strings.Cut(value, "=")
	name = strings.ReplaceAll(name, "_", "-") // rustc treats both alike
	switch {
	case strings.HasPrefix(arg, "@"):
		return "it takes further flags from a file"
	case option == "sysroot":
		return "it replaces the standard library"
	case option == "C" && (name == "linker" || name == "linker-flavor"):
		return "it replaces the linker"
	case option == "C" && (name == "link-arg" || name == "link-args") && slices.ContainsFunc(strings.Fields(setting), namesLinker):
		return "it replaces the linker"
	case option == "Z" && name == "codegen-backend":
		return "it replaces a part of the compiler"
	}
	return ""
}

// cutFlag splits a rustc flag from its value. It understands "--codegen=x", "-C" (the value is
// the next argument), "-Cx", and "-gCx", where flags without a value precede it.
func cutFlag(arg string) (option, value string, hasValue bool) {
	if long, ok := strings.CutPrefix(arg, "--"); ok {
		option, value, hasValue = strings.Cut(long, "=")
		if option == "codegen" {
			option = "C"
		}
		return option, value, hasValue
	}
	short, ok := strings.CutPrefix(arg, "-")
	if !ok {
		return "", "", false
	}
	if short = strings.TrimLeft(short, "gOvVh"); short == "" {
		return "", "", false
	}
	return short[:1], short[1:], len(short) > 1
}

// namesLinker reports whether an argument to the linking C compiler selects another linker or the
// directory to look for one.
func namesLinker(arg string) bool {
	return slices.ContainsFunc([]string{"-fuse-ld=", "--ld-path=", "-B"}, func(p string) bool { return strings.HasPrefix(arg, p) })
}

// flags checks every table that may hold compiler flags.
func (r *refusals) flags(tree map[string]any) {
	for _, table := range slices.Sorted(maps.Keys(tree)) {
		top, _ := tree[table].(map[string]any)
		tables := map[string]any{"": top}
		switch table {
		case "build":
		case "target", "profile":
			tables = top
		default:
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			t, _ := tables[name].(map[string]any)
			at := []string{table}
			if name != "" {
				at = append(at, name)
			}
			for _, key := range []string{"rustflags", "rustdocflags"} {
				if flags, found := t[key]; found {
					at := append(slices.Clone(at), key)
					if why := flagsError(strings.Join(at, "."), flags); why != "" {
						var concerns func(target string) bool
						if table == "target" {
							concerns = concernsTable(name)
						}
						r.sayFor(concerns, at, why)
						delete(t, key)
					}
				}
			}
		}
	}
}

// programs are the variables by which build scripts choose compilers (the cc crate, "External
// configuration via environment variables"). They are used alone, with a target appended
// (CC_x86_64_unknown_linux_musl), or with a HOST_ or TARGET_ prefix.
var programs = []string{"CC", "CXX", "AR", "RANLIB", "NVCC", "LD", "AS", "NM", "STRIP", "OBJCOPY", "CMAKE", "PKG_CONFIG"}

// cargoTables are the tables of cargo's configuration that environment variables can set (The
// Cargo Book, "Environment variables"); cargoVariables are variables that do not follow that
// naming. cargo itself does not read them from [env], but a cargo started by a build script
// would. Any other CARGO_ variable belongs to the workspace, or cargo sets it for each crate
// regardless of [env].
var (
	cargoTables    = []string{"BUILD", "TARGET", "PROFILE", "REGISTRY", "REGISTRIES", "SOURCE", "NET", "HTTP", "UNSTABLE", "RESOLVER", "TERM", "ALIAS", "INSTALL", "CREDENTIAL_ALIAS", "FUTURE_INCOMPAT_REPORT", "CACHE", "HOST"}
	cargoVariables = []string{"CARGO", "CARGO_HOME", "CARGO_PATHS", "CARGO_INCREMENTAL", "CARGO_ENCODED_RUSTFLAGS", "CARGO_ENCODED_RUSTDOCFLAGS", "CARGO_MAKEFLAGS"}
)

func configuresCargo(key string) bool {
	return slices.Contains(cargoVariables, key) || slices.ContainsFunc(cargoTables, func(t string) bool { return strings.HasPrefix(key, "CARGO_"+t+"_") })
}

// gitVariables are prefixes of variables that decide where git, or a cargo that fetches with it,
// gets sources from (git(1), "ENVIRONMENT VARIABLES").
var gitVariables = []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CONFIG", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_SSH", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_SSL_", "GIT_ALLOW_PROTOCOL", "GIT_EXTERNAL_DIFF"}

var proxies = []string{"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "cargo_http_proxy"}

// isTarget reports whether the suffix of a program's variable is a target, such as
// x86_64_unknown_linux_musl.
func isTarget(s string) bool {
	return slices.ContainsFunc([]string{"linux", "unknown", "windows", "apple", "darwin", "wasm", "wasi", "none", "android", "bsd", "musl", "gnu"}, func(part string) bool {
		return strings.Contains(strings.ToLower(s), part)
	})
}

// refusedVariable returns the reason why [env] may not set a variable, "" if it may.
func refusedVariable(key string) string {
	base := strings.TrimPrefix(strings.TrimPrefix(key, "HOST_"), "TARGET_")
	switch {
	case configuresCargo(key):
		return "it changes how cargo builds"
	case key == "RUSTC" || key == "RUSTDOC" || strings.HasPrefix(key, "RUSTC_") || strings.HasPrefix(key, "RUSTUP_") || key == "RUST_TARGET_PATH":
		return "it replaces the compiler"
	case key == "RUSTFLAGS" || key == "RUSTDOCFLAGS":
		return "it overrides the flags of the compiler: write them to `build.rustflags`"
	case key == "PATH" || key == "HOME" || strings.HasPrefix(key, "LD_"):
		return "it changes which programs and libraries run"
	case slices.Contains([]string{"COMPILER_PATH", "GCC_EXEC_PREFIX", "LIBRARY_PATH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"}, key):
		return "it changes where the C compiler finds its parts"
	case slices.ContainsFunc(gitVariables, func(p string) bool { return strings.HasPrefix(key, p) }), strings.HasPrefix(key, "SSL_CERT_"), slices.Contains(proxies, strings.ToLower(key)):
		return "it changes where sources come from"
	}
	for _, p := range programs {
		target, ofTarget := strings.CutPrefix(base, p+"_")
		if base == p || ofTarget && isTarget(target) {
			return "it replaces a compiler of build scripts"
		}
	}
	return ""
}

// env checks the variables that [env] sets for every build.
func (r *refusals) env(tree map[string]any) {
	env, _ := tree["env"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(env)) {
		if why := refusedVariable(key); why != "" {
			r.sayFor(concernsVariable(key), []string{"env", key}, fmt.Sprintf("\"env.%s\" is not allowed in a release: %s", key, why))
			delete(env, key)
		}
	}
}
