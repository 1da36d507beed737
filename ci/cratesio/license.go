package cratesio

import (
	"fmt"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"dagger/slipway/ci/quote"
)

// maxLicense bounds what the parser of expressions is given, which recurses.
const maxLicense = 1000

// CheckLicense says what crates.io finds wrong with a license expression, "" for nothing
// (src/licenses.rs): SPDX expressions with identifiers as the list spells them, deprecated
// ones too, `+` behind any of them, and the old `/` for OR.
func CheckLicense(expression string) string {
	if len(expression) > maxLicense {
		return fmt.Sprintf("it has %d bytes, expected at most %d", len(expression), maxLicense)
	}
	separate := strings.NewReplacer("/", " OR ", "(", " ( ", ")", " ) ", "\t", " ", "\n", " ", "\r", " ")
	normal := separate.Replace(expression)
	words := strings.Fields(normal)
	if len(words) == 0 {
		return "it is empty"
	}
	for i, word := range words {
		if wrong := checkLicenseWord(word, i > 0 && words[i-1] == "WITH"); wrong != "" {
			return wrong
		}
	}
	if ok, _ := spdxexp.ValidateLicenses([]string{parsable(words)}); !ok {
		return "it is no SPDX expression: licences need AND or OR between them, an exception needs WITH"
	}
	return ""
}

// parsable is an expression whose identifiers are known good, for the check of how they are
// put together: each licence by the same short name, for the parser knows only some of the
// forms that crates.io takes.
func parsable(words []string) string {
	list := make([]string, len(words))
	for i, word := range words {
		switch {
		case word == "AND" || word == "OR" || word == "WITH" || word == "(" || word == ")":
			list[i] = word
		case i > 0 && words[i-1] == "WITH":
			list[i] = "LLVM-exception"
		default:
			list[i] = "Apache-2.0"
		}
	}
	return strings.Join(list, " ")
}

// checkLicenseWord checks one word of an expression; exception says that it stands behind WITH.
func checkLicenseWord(word string, exception bool) string {
	switch word {
	case "AND", "OR", "WITH", "(", ")":
		return ""
	case "and", "or", "with":
		return "write " + strings.ToUpper(word) + " for `" + word + "`"
	}
	id, known, spelt := word, false, ""
	if exception {
		known, spelt = spdxlicenses.IsException(id)
	} else {
		id = strings.TrimSuffix(word, "+")
		if known, spelt = spdxlicenses.IsActiveLicense(id); !known {
			known, spelt = spdxlicenses.IsDeprecatedLicense(id)
		}
	}
	switch {
	case known && spelt == id:
		return ""
	case known:
		return fmt.Sprintf("%s is spelt %q", quote.Line(id), spelt)
	case !exception && word == id && isReference(id):
		return ""
	}
	return quote.Line(word) + " is no identifier of the SPDX list (" + spdxlicenses.LicenseListVersion() + ")"
}

// isReference reports whether an identifier is LicenseRef-NAME, in another document or not.
func isReference(id string) bool {
	if document, license, ok := strings.Cut(id, ":"); ok {
		return isReferenceOf(document, "DocumentRef-") && isReferenceOf(license, "LicenseRef-")
	}
	return isReferenceOf(id, "LicenseRef-")
}

func isReferenceOf(id, prefix string) bool {
	name, ok := strings.CutPrefix(id, prefix)
	return ok && name != "" && !strings.ContainsFunc(name, func(c rune) bool { return !isAlphanumeric(c) && c != '-' && c != '.' })
}
