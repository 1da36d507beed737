// Package conformance tests what holds for every runner: the same workspaces give the same
// files, errors and isolation, whether they are built locally or on a Dagger engine.
package conformance

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

// cases lists workspaces of the test data that are built.
var cases = []struct {
	name string
	test func(*testing.T, *kit.Runner)
}{
	{"hostile-network", testNetwork},
	{"hostile-tokens", testTokens},
	{"hostile-writes", testWrites},
	{"hostile-daemon", testDaemon},
	{"hostile-test", testOverwrite},
	{"failing-test", testFailing},
	{"no-tests", testNoTests},
	{"missing-binary", testMissingBinary},
	{"config-runner", testConfigIgnored},
	{"config-linker", testConfigIgnored},
}

// Workspaces builds workspaces of the test data, hostile and broken ones, each in a
// subtest.
func Workspaces(t *testing.T, w *kit.Runner) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, w) })
	}
}
