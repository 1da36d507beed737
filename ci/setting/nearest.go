package setting

import "strings"

// Nearest returns the known key that key most likely stands for, "" if none is close. Keys are
// close if at most half of the characters differ (or two, if that is more), or if key is a prefix
// of at least three characters.
func Nearest(key string, known []string) string {
	const longest, shortest = 64, 3
	if len(key) > longest {
		return ""
	}
	best, least := "", max(2, len(key)/2)+1
	for _, k := range known {
		d := distance(key, k)
		if len(key) >= shortest && strings.HasPrefix(k, key) {
			d = 1
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance returns how many characters must be inserted, deleted, replaced or swapped with the
// next one to turn a into b (optimal string alignment distance).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last := []int(nil), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			differs := 1
			if x[i] == y[j] {
				differs = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+differs)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}
