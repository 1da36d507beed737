package cratesio

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"dagger/slipway/ci/quote"
)

// categoryFile lists the slugs of src/boot/categories.toml, one per line.
//
//go:embed categories.txt
var categoryFile string

var categories = sync.OnceValue(func() []string { return strings.Fields(categoryFile) })

// reserved lists the names of migrations/20170305095748_create_reserved_crate_names,
// 20170430202433_reserve_windows_crate_names and 2021-02-10-141019_reserve_com0_lpt0, in the
// form of canon_crate_name: in lower case, with "_" for "-".
var reserved = strings.Fields(`
	alloc arena ast builtins collections compiler_builtins compiler_rt compiletest core coretest
	debug driver flate fmt_macros grammar graphviz macro macros proc_macro rbml rust_installer
	rustbook rustc rustc_back rustc_borrowck rustc_driver rustc_llvm rustc_resolve rustc_trans
	rustc_typeck rustdoc rustllvm rustuv serialize std syntax test unicode
	nul con prn aux com0 com1 com2 com3 com4 com5 com6 com7 com8 com9
	lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9`)

func isReserved(name string) bool {
	canon := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	for _, r := range reserved {
		if r == canon {
			return true
		}
	}
	return false
}

// maxName is crates/crates_io_validation/src/lib.rs, MAX_NAME_LENGTH.
const maxName = 64

// checkDependencyName implements crates/crates_io_validation/src/lib.rs,
// validate_dependency_name. It returns what is wrong, or "".
func checkDependencyName(name string) string {
	switch {
	case name == "":
		return "the name is empty"
	case len(name) > maxName:
		return "the name has more than 64 characters"
	case name[0] >= '0' && name[0] <= '9' || name[0] == '-':
		return "the name must begin with an ASCII letter or `_`"
	case strings.ContainsFunc(name, func(c rune) bool { return !isAlphanumeric(c) && c != '-' && c != '_' }):
		return "expected ASCII letters, digits, `-` and `_`"
	}
	return ""
}

// checkFeatureName implements validate_feature_name of the same file.
func checkFeatureName(name string) string {
	if name == "" {
		return "the name is empty"
	}
	for i, c := range name {
		digit := c >= '0' && c <= '9'
		switch {
		case i == 0 && !isStart(c) && c != '_' && !digit:
			return "it must begin with a letter, a digit or `_`"
		case i > 0 && !isContinue(c) && c != '+' && c != '-' && c != '.':
			return "character " + quote.Line(string(c)) + " is not a letter, a digit, `_`, `-`, `+` or `.`"
		}
	}
	return ""
}

// isStart and isContinue implement Unicode's XID_Start and XID_Continue (UAX #31), except for
// the few characters that differ from ID_Start and ID_Continue because of normalization.
func isStart(c rune) bool {
	return unicode.IsLetter(c) || unicode.In(c, unicode.Nl, unicode.Other_ID_Start)
}

func isContinue(c rune) bool {
	return isStart(c) || unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)
}

// checkFeature implements validate_feature of the same file, for what a feature enables.
func checkFeature(value string) string {
	if dep, feature, ok := strings.Cut(value, "/"); ok {
		if wrong := checkDependencyName(strings.TrimSuffix(dep, "?")); wrong != "" {
			return wrong
		}
		return checkFeatureName(feature)
	}
	if _, dep, ok := strings.Cut(value, "dep:"); ok {
		return checkDependencyName(dep)
	}
	return checkFeatureName(value)
}
