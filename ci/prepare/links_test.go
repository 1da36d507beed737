package prepare

import (
	"strings"
	"testing"

	"dagger/slipway/ci/changelog"
)

func TestLinks(t *testing.T) {
	const at = "https://github.com/o/r"
	for _, tt := range []struct{ name, before, after, note string }{
		{
			"Keep a Changelog",
			"[unreleased]: AT/compare/v0.3.1...HEAD\n[0.3.1]: AT/compare/v0.3.0...v0.3.1\n[0.3.0]: AT/releases/tag/v0.3.0\n",
			"[unreleased]: AT/compare/v0.4.0...HEAD\n[0.4.0]: AT/compare/v0.3.1...v0.4.0\n[0.3.1]: AT/compare/v0.3.0...v0.3.1\n[0.3.0]: AT/releases/tag/v0.3.0\n", "",
		},
		{
			"only the first version before",
			"[Unreleased]: AT/compare/v0.3.1...HEAD\n[0.3.1]: AT/releases/tag/v0.3.1\n",
			"[Unreleased]: AT/compare/v0.4.0...HEAD\n[0.4.0]: AT/compare/v0.3.1...v0.4.0\n[0.3.1]: AT/releases/tag/v0.3.1\n", "",
		},
		{
			"every version by its tag",
			"[Unreleased]: AT/compare/v0.3.1...HEAD\n[0.3.1]: AT/tree/v0.3.1\n[0.3.0]: AT/tree/v0.3.0\n",
			"[Unreleased]: AT/compare/v0.4.0...HEAD\n[0.4.0]: AT/tree/v0.4.0\n[0.3.1]: AT/tree/v0.3.1\n[0.3.0]: AT/tree/v0.3.0\n", "",
		},
		{
			"only Unreleased, the last line",
			"[Unreleased]: <AT/-/compare/v0.3.1..main>",
			"[Unreleased]: <AT/-/compare/v0.4.0..main>\n[0.4.0]: <AT/-/compare/v0.3.1..v0.4.0>", "",
		},
		{
			"only versions",
			"[0.3.1]: AT/compare/v0.3.0...v0.3.1\n[0.3.0]: AT/compare/v0.2.0...v0.3.0",
			"[0.4.0]: AT/compare/v0.3.1...v0.4.0\n[0.3.1]: AT/compare/v0.3.0...v0.3.1\n[0.3.0]: AT/compare/v0.2.0...v0.3.0", "",
		},
		{
			"Unreleased compares nothing",
			"[Unreleased]: AT/tree/main\n[0.3.1]: AT/compare/v0.3.0...v0.3.1\n",
			"[Unreleased]: AT/tree/main\n[0.4.0]: AT/compare/v0.3.1...v0.4.0\n[0.3.1]: AT/compare/v0.3.0...v0.3.1\n", "",
		},
		{
			"a version without a link",
			"[Unreleased]: AT/compare/v0.3.1...HEAD\n[0.3.0]: AT/compare/v0.2.0...v0.3.0\n",
			"[Unreleased]: AT/compare/v0.4.0...HEAD\n[0.4.0]: AT/compare/v0.3.1...v0.4.0\n[0.3.0]: AT/compare/v0.2.0...v0.3.0\n", "",
		},
		{
			"the new link is there",
			"[Unreleased]: AT/compare/v0.3.1...HEAD\n[0.4.0]: AT/compare/v0.3.1...v0.4.0\n",
			"[Unreleased]: AT/compare/v0.4.0...HEAD\n[0.4.0]: AT/compare/v0.3.1...v0.4.0\n", "",
		},
		{
			"oldest first",
			"[0.3.0]: AT/v0.3.0\n[0.3.1]: AT/v0.3.1\n[Unreleased]: AT/main\n",
			"[0.3.0]: AT/v0.3.0\n[0.4.0]: AT/v0.4.0\n[0.3.1]: AT/v0.3.1\n[Unreleased]: AT/main\n", "",
		},
		{
			"a version planned for later, a prerelease before",
			"[Unreleased]: AT/compare/v0.4.0-RC.1...HEAD\n[1.0.0]: AT/plans\n[0.4.0-RC.1]: AT/v0.4.0-RC.1\n[0.3.1]: AT/v0.3.1\n",
			"[Unreleased]: AT/compare/v0.4.0...HEAD\n[1.0.0]: AT/plans\n[0.4.0]: AT/v0.4.0\n[0.4.0-RC.1]: AT/v0.4.0-RC.1\n[0.3.1]: AT/v0.3.1\n", "",
		},
		{"none", "[there]: AT/there\n", "[there]: AT/there\n", ""},
		{
			"another tag",
			"[Unreleased]: AT/compare/a-0.3.1...HEAD\n[0.3.1]: AT/compare/a-0.3.0...a-0.3.1\n",
			"[Unreleased]: AT/compare/a-0.4.0...HEAD\n[0.4.0]: AT/compare/a-0.3.1...a-0.4.0\n[0.3.1]: AT/compare/a-0.3.0...a-0.3.1\n",
			`the link of [0.4.0], written like the others, does not point to the tag "v0.4.0".`,
		},
		{
			"unknown form",
			"[Unreleased]: AT/compare/main\n[0.3.1]: AT/first\n", "[Unreleased]: AT/compare/main\n[0.3.1]: AT/first\n",
			"slipway does not know the form of its links: add the link of [0.4.0].",
		},
		{
			"only Unreleased, unknown",
			"[Unreleased]: AT/compare/HEAD..v0.3.1\n", "[Unreleased]: AT/compare/HEAD..v0.3.1\n",
			"slipway does not know the form of its links: add the link of [0.4.0].",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const head, headed = "## [Unreleased]\n", "## [Unreleased]\n\n## [0.4.0] - 2026-04-21\n"
			const rest = "- new\n\n## [0.3.1] - 2026-01-01\n- old\n\n"
			before, after := strings.ReplaceAll(tt.before, "AT", at), strings.ReplaceAll(tt.after, "AT", at)
			got, notes, err := moved(head+rest+before, changelog.Names{}, "0.4.0", "v0.4.0")
			if err != nil || got != headed+rest+after {
				t.Errorf("got\n%s\n%v; want\n%s", got, err, headed+rest+after)
			}
			if strings.Join(notes, "\n") != tt.note {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
		})
	}
}
