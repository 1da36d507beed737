package prepare

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
)

// context is the number of unchanged lines shown around a change.
const context = 3

// Diff returns the changes as a unified diff, like the function [Diff].
func (c *Changeset) Diff() string { return Diff(c.Files) }

// Diff returns the changes of files as a unified diff, for people and for `git apply`. A file
// without old content is shown as new. The result contains the lines of the files verbatim, so
// it must be printed with package console.
func Diff(files []File) string {
	var b strings.Builder
	for _, f := range files {
		if f.Old != f.New {
			old := "a/" + f.Path
			if f.Old == "" {
				old = "/dev/null"
			}
			console.Fprintf(&b, "--- %s\n+++ b/%s\n", old, f.Path)
			writeHunks(&b, compare(splitAfter(f.Old), splitAfter(f.New)))
		}
	}
	return b.String()
}

// splitAfter splits text into lines, keeping their line ends.
func splitAfter(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	return lines
}

// diffLine is a line of the old text, the new text or both, with sign '-', '+' or ' '.
type diffLine struct {
	sign byte
	text string
}

// compare returns a shortest edit script from a to b (Myers, "An O(ND) Difference Algorithm and
// Its Variations", 1986). rounds[d][d+k] is how many lines of a are consumed on diagonal k,
// that is with k more lines of a than of b, after d edits.
func compare(a, b []string) []diffLine {
	var rounds [][]int
	for d := 0; ; d++ {
		round := make([]int, 2*d+1)
		for k := -d; k <= d; k += 2 {
			x := 0
			if d > 0 {
				x, _ = step(rounds[d-1], d, k)
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			round[d+k] = x
			if x == len(a) && x-k == len(b) {
				return retrace(a, b, rounds, d, k)
			}
		}
		rounds = append(rounds, round)
	}
}

// step returns the best move from round d-1 to diagonal k: how many lines of a are then
// consumed, and whether the edit adds a line of b.
func step(before []int, d, k int) (x int, adds bool) {
	at := func(k int) int { return before[d-1+k] }
	if k == -d || k != d && at(k-1) < at(k+1) {
		return at(k + 1), true
	}
	return at(k-1) + 1, false
}

// retrace walks back from the end, which was reached in round d on diagonal k.
func retrace(a, b []string, rounds [][]int, d, k int) []diffLine {
	var lines []diffLine
	x := len(a)
	for ; d > 0; d-- {
		from, adds := step(rounds[d-1], d, k)
		for ; x > from; x-- {
			lines = append(lines, diffLine{' ', a[x-1]})
		}
		if adds {
			lines = append(lines, diffLine{'+', b[x-k-1]})
			k++
		} else {
			lines = append(lines, diffLine{'-', a[x-1]})
			k--
			x--
		}
	}
	for ; x > 0; x-- {
		lines = append(lines, diffLine{' ', a[x-1]})
	}
	slices.Reverse(lines)
	return lines
}

// writeHunks writes the changed lines with their context.
func writeHunks(b *strings.Builder, lines []diffLine) {
	isChange := func(l diffLine) bool { return l.sign != ' ' }
	oldLine, newLine := 0, 0 // lines before the hunk
	for len(lines) > 0 {
		first := slices.IndexFunc(lines, isChange)
		if first < 0 {
			return
		}
		skip := max(0, first-context)
		oldLine, newLine, lines = oldLine+skip, newLine+skip, lines[skip:]
		end := 0
		for next := first - skip; next >= 0 && (end == 0 || next <= 2*context); {
			end += next + 1
			next = slices.IndexFunc(lines[end:], isChange)
		}
		hunk := lines[:min(end+context, len(lines))]
		lines = lines[len(hunk):]
		was, is := count(hunk, '+'), count(hunk, '-')
		console.Fprintf(b, "@@ -%s +%s @@\n", extent(oldLine, was), extent(newLine, is))
		for _, l := range hunk {
			b.WriteByte(l.sign)
			b.WriteString(l.text)
			if !strings.HasSuffix(l.text, "\n") {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
		oldLine, newLine = oldLine+was, newLine+is
	}
}

// count returns the number of lines with a sign other than not.
func count(lines []diffLine, not byte) int {
	n := 0
	for _, l := range lines {
		if l.sign != not {
			n++
		}
	}
	return n
}

// extent returns the range of a hunk in a unified diff: its first line and its number of lines.
// For an empty range the line before it is given instead.
func extent(before, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", before)
	}
	return fmt.Sprintf("%d,%d", before+1, n)
}
