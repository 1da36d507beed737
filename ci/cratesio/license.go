package cratesio

import (
	"fmt"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"dagger/slipway/ci/quote"
)

// maxLicense bounds the input of the expression parser, which is recursive.
const maxLicense = 1000

// CheckLicense returns why crates.io would reject a license expression, or ""
// (src/licenses.rs). It accepts SPDX expressions with identifiers in the spelling of the SPDX
// list, including deprecated ones, "+" after any of them, and "/" as the old form of OR.
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
		return "it is not an SPDX expression: licences need AND or OR between them, an exception needs WITH"
	}
	return ""
}

// parsable returns an expression whose identifiers are already checked in a form that the SPDX
// parser accepts, to check its structure. Every license is replaced by the same identifier,
// because the parser does not know all forms that crates.io accepts.
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

// checkLicenseWord checks one word of an expression. exception means that it follows WITH.
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
	return quote.Line(word) + " is not an identifier of the SPDX list (" + spdxlicenses.LicenseListVersion() + ")"
}

// isReference reports whether id has the form LicenseRef-NAME, optionally with a DocumentRef-
// prefix.
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
