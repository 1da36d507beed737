package kit

import (
	"slices"
	"testing"
	"time"
)

// Eventually fails the test unless the condition returns no error within limit.
func Eventually(t testing.TB, limit time.Duration, condition func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = condition(); err == nil {
			return
		}
	}
	t.Errorf("after %s: %v", limit, err)
}

// Median returns the median of at least one value, of an even number the greater one of
// the two in the middle.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
