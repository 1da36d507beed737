package cratesio

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"dagger/slipway/ci/quote"
)

// url implements src/controllers/krate/publish.rs, validate_url. Of the URL's syntax only the
// host and the port are checked, which any URL parser would reject (WHATWG URL, "host
// parsing").
func (r *rules) url(field, value string) {
	path := []string{"package", field}
	rest, ok := strings.CutPrefix(value, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(value, "http://")
	}
	if !ok {
		r.fail(path, "", "`%s` is %s, expected a URL that begins with https:// or http://", field, quote.Line(value))
		return
	}
	host := strings.TrimLeft(rest, `/\`)
	if i := strings.IndexAny(host, `/\?#`); i >= 0 {
		host = host[:i]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if !isHost(host) {
		r.fail(path, "", "`%s` is %s, which has no valid host", field, quote.Line(value))
	}
}

// isHost reports whether host is a valid URL host with an optional port.
func isHost(host string) bool {
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	if strings.HasPrefix(name, "[") {
		addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
		return err == nil && addr.Is6() && strings.HasSuffix(name, "]")
	}
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(`<>^|:[]`, c) })
}

var rustVersion = regexp.MustCompile(`^` + number + `(\.` + number + `(\.` + number + `)?)?$`)

// isRustVersion implements src/controllers/krate/publish.rs, validate_rust_version.
func isRustVersion(v string) bool { return rustVersion.MatchString(v) }

// The grammar of a version requirement in the semver crate (docs.rs/semver, VersionReq): a
// comma-separated list of comparators.
const (
	number     = `(?:0|[1-9][0-9]{0,19})`
	identifier = `[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*`
	part       = `(?:` + number + `|[*xX])`
)

var (
	comparator = regexp.MustCompile(`^(?:=|>=|>|<=|<|~|\^)? *` + number + `(?:\.` + part + `)?(?:\.` + part + `)?(?:-` + identifier + `)?(?:\+` + identifier + `)?$`)
	gap        = regexp.MustCompile(`\.[*xX]\.[0-9]|\.[*xX][-+]`) // a number or a prerelease after a wildcard
)

// maxComparators is the semver crate's limit for one requirement.
const maxComparators = 32

// checkRequirement reports whether a requirement is a wildcard, which crates.io rejects, or
// invalid. An empty requirement counts as a wildcard.
func checkRequirement(req string) (wildcard, wrong bool) {
	switch strings.TrimSpace(req) {
	case "", "*", "x", "X":
		return true, false
	}
	list := strings.Split(req, ",")
	if last := len(list) - 1; last > 0 && strings.TrimSpace(list[last]) == "" {
		list = list[:last]
	}
	for _, c := range list {
		if c = strings.Trim(c, " "); !comparator.MatchString(c) || gap.MatchString(c) {
			return false, true
		}
	}
	return false, len(list) > maxComparators
}
