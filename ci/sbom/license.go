package sbom

import (
	"strings"

	"dagger/slipway/ci/cratesio"
)

// expression returns a manifest's licence as an SPDX licence expression (SPDX 2.3, annex
// D), or "" if it is none, or has identifiers that are not on the SPDX list. The slash that
// cargo used to accept for OR ("MIT/Apache-2.0") becomes OR.
func expression(license string) string {
	if cratesio.CheckLicense(license) != "" {
		return ""
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(license, "/", " OR ")), " ")
}
