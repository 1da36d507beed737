package step

import (
	"strings"
	"testing"
	"time"
)

func TestParseLimits(t *testing.T) {
	got, err := ParseLimits("time=30m, memory=8GiB,log=1048576,disk=1.5GB,file=1TiB,processes=64")
	want := DefaultLimits()
	want.Time, want.Memory, want.Log, want.Disk, want.File, want.Processes = 30*time.Minute, 8<<30, 1<<20, 1_500_000_000, 1<<40, 64
	if err != nil || got != want {
		t.Errorf("ParseLimits: %+v, %v, want %+v", got, err, want)
	}
	if got, err := ParseLimits(""); err != nil || got != DefaultLimits() {
		t.Errorf("ParseLimits of nothing: %+v, %v", got, err)
	}
}

func TestParseLimitsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"time":                     "invalid duration",
		"time=-1h":                 "above 0",
		"time=0s":                  "above 0",
		"memory=lots":              "expected a size",
		"memory=8GiG":              "expected a size",
		"memory=0":                 "expected a size",
		"memory=-1GiB":             "expected a size",
		"disk=99999999999TiB":      "expected a size",
		"disk=9223372036854775807": "expected a size",
		"processes=1":              "16 processes or more",
		"processes=99999999999":    "value out of range",
		"cpu=2":                    "expected one of time, memory, disk, file, log and processes",
		"log=1MiB,Log=2MiB":        `reading the limit "Log=2MiB"`,
	} {
		if _, err := ParseLimits(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLimits(%q): %v, want %q", text, err, want)
		}
	}
}
