package publish

import (
	"errors"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
)

var (
	ours   = v1.Hash{Algorithm: "sha256", Hex: "aa"}
	theirs = v1.Hash{Algorithm: "sha256", Hex: "bb"}
)

func TestDecideImageTag(t *testing.T) {
	tag, err := name.NewTag("example.org/demo:1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		at      v1.Hash
		there   bool
		verdict Verdict
		want    string
	}{
		{"absent", v1.Hash{}, false, Do, ""},
		{"the same", ours, true, Done, ""},
		{"another", theirs, true, Done, `"example.org/demo:1.2.3" is sha256:bb, expected sha256:aa`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := decideImageTag(tag, tt.at, tt.there, ours)
			conflict(t, err, tt.want)
			if v != tt.verdict {
				t.Errorf("verdict %d, want %d", v, tt.verdict)
			}
		})
	}
}

func TestDecideLatest(t *testing.T) {
	tests := []struct {
		name    string
		version string
		tags    []string
		at      v1.Hash
		acted   bool
		verdict Verdict
		target  string
	}{
		{"the first release", "1.0.0", []string{"1.0.0"}, v1.Hash{}, false, Do, "1.0.0"},
		{"the list lags", "1.0.0", nil, v1.Hash{}, false, Do, "1.0.0"},
		{"the highest", "1.10.0", []string{"1.10.0", "1.9.0", "latest"}, theirs, false, Do, "1.10.0"},
		{"the highest, there already", "1.10.0", []string{"1.10.0", "1.9.0", "latest"}, ours, false, Done, "1.10.0"},
		{"an older line", "1.9.1", []string{"1.10.0", "1.9.1"}, theirs, false, Done, "1.9.1"},
		{"an older line, and no latest", "1.9.1", []string{"1.10.0", "1.9.1"}, v1.Hash{}, false, Done, "1.9.1"},
		{"a prerelease", "2.0.0-rc.1", []string{"1.0.0"}, theirs, false, Done, "2.0.0-rc.1"},
		{"a prerelease, and nothing else", "2.0.0-rc.1", nil, v1.Hash{}, false, Done, "2.0.0-rc.1"},
		{"a higher prerelease does not count", "1.0.0", []string{"2.0.0-rc.1"}, v1.Hash{}, false, Do, "1.0.0"},
		{"other tags do not count", "1.0.0", []string{"sha256-aa.sig", "v9.0.0", "9", "9.0", "main", "09.0.0"}, theirs, false, Do, "1.0.0"},
		{"overtaken after it was moved", "1.0.0", []string{"1.0.0", "1.2.0", "1.1.0", "3.0.0-rc.1"}, ours, true, Do, "1.2.0"},
		{"overtaken, and moved on", "1.0.0", []string{"1.0.0", "1.2.0"}, theirs, true, Done, "1.0.0"},
		{"put back by a person", "1.0.0", []string{"1.0.0", "1.2.0"}, ours, false, Done, "1.0.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			released, err := version.Parse(tt.version)
			if err != nil {
				t.Fatal(err)
			}
			v, target := decideLatest(latestState{tags: tt.tags, at: tt.at, acted: tt.acted}, released, ours)
			if v != tt.verdict || target.String() != tt.target {
				t.Errorf("verdict %d for %s, want %d for %s", v, target, tt.verdict, tt.target)
			}
		})
	}
}

func TestDecideAttached(t *testing.T) {
	if decideSigned(0) != Do || decideSigned(1) != Done || decideSigned(2) != Done {
		t.Error("an image is signed when one signature is as expected")
	}
	refused := errors.New("another's")
	tests := []struct {
		name string
		all  []verify.Attestation
		want Verdict
	}{
		{"none", nil, Do},
		{"the one", []verify.Attestation{{PredicateType: "a"}}, Done},
		{"of another type", []verify.Attestation{{PredicateType: "b"}}, Do},
		{"another's", []verify.Attestation{{PredicateType: "a", Refused: refused}}, Do},
		{"another's, and the one", []verify.Attestation{{PredicateType: "a", Refused: refused}, {PredicateType: "a"}}, Done},
	}
	for _, tt := range tests {
		if got := decideAttested(tt.all, "a"); got != tt.want {
			t.Errorf("%s: verdict %d, want %d", tt.name, got, tt.want)
		}
	}
}
