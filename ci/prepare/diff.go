package prepare

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/console"
)

// context is how many unchanged lines are shown around a change.
const context = 3

// Diff returns the changes as [Diff] does.
func (c *Changeset) Diff() string { return Diff(c.Files) }

// Diff returns the changes of files as a unified diff for people, which `git apply`
// takes too; a file without an old content is a new one. It has the lines of the files
// as they are: package console prints it.
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

// splitAfter splits text into lines with their ends.
func splitAfter(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	return lines
}

// diffLine is a line of a, of b or of both: '-', '+' or ' '.
type diffLine struct {
	sign byte
	text string
}

// compare returns a shortest edit that makes b of a (Myers, "An O(ND) Difference
// Algorithm and Its Variations", 1986). Round d knows how many lines of a are
// used up after d edits when k more of a than of b are, at index d+k.
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

// step is the best way from the round before d to k: how many lines of a are
// used up then, and whether the edit adds a line of b.
func step(before []int, d, k int) (x int, adds bool) {
	at := func(k int) int { return before[d-1+k] }
	if k == -d || k != d && at(k-1) < at(k+1) {
		return at(k + 1), true
	}
	return at(k-1) + 1, false
}

// retrace walks back from the end, which round d has reached at k.
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

// writeHunks writes the changed lines and those around them.
func writeHunks(b *strings.Builder, lines []diffLine) {
	isChange := func(l diffLine) bool { return l.sign != ' ' }
	oldLine, newLine := 0, 0 // before the hunk
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

// count is how many lines have another sign.
func count(lines []diffLine, not byte) int {
	n := 0
	for _, l := range lines {
		if l.sign != not {
			n++
		}
	}
	return n
}

// extent is the first line of a hunk and how many it has; no line stands behind
// the one before.
func extent(before, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", before)
	}
	return fmt.Sprintf("%d,%d", before+1, n)
}
