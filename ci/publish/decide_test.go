package publish

import (
	"errors"
	"strings"
	"testing"

	"dagger/slipway/ci/github"
)

const (
	tag    = "app/v1.2.3"
	commit = "0123456789abcdef0123456789abcdef01234567"
	other  = "ffffffffffffffffffffffffffffffffffffffff"
)

func draft(id int64, body string) github.Release {
	return github.Release{ID: id, Tag: tag, Body: body, Draft: true, URL: "https://example.org/draft"}
}

func released(id int64, body string) github.Release {
	r := draft(id, body)
	r.Draft = false
	return r
}

// conflict fails the test unless err is a *Conflict whose text contains words. For "" it
// fails the test if there is any error.
func conflict(t *testing.T, err error, words string) {
	t.Helper()
	var c *Conflict
	switch {
	case words == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case words != "" && (!errors.As(err, &c) || !strings.Contains(err.Error(), words)):
		t.Errorf("error %v, want a conflict that says %q", err, words)
	}
}

func TestDecideRelease(t *testing.T) {
	ours, theirs := "notes\n\n"+Marker(tag, commit)+"\n", "notes\n\n"+Marker(tag, other)+"\n"
	tests := []struct {
		name       string
		all        []github.Release
		id         int64
		duplicates int
		verdict    Verdict
		want       string
	}{
		{"nothing", nil, 0, 0, Do, ""},
		{"our draft", []github.Release{draft(7, ours)}, 7, 0, Done, ""},
		{"our draft twice", []github.Release{draft(9, ours), draft(7, ours)}, 7, 1, Do, ""},
		{"our draft twice, the older first", []github.Release{draft(7, ours), draft(9, ours)}, 7, 1, Do, ""},
		{"a person's draft", []github.Release{draft(7, "mine")}, 0, 0, Do, ""},
		{"a person's draft and ours", []github.Release{draft(7, "mine"), draft(8, ours)}, 8, 0, Done, ""},
		{"a draft of another commit", []github.Release{draft(7, theirs)}, 0, 0, Done, "release \"app/v1.2.3\" has a draft from another commit"},
		{"published by us", []github.Release{released(7, ours)}, 7, 0, Done, ""},
		{"published by us, and a draft that came twice", []github.Release{draft(9, ours), released(7, ours)}, 7, 1, Do, ""},
		{"published by us first in the list", []github.Release{released(7, ours), draft(9, ours)}, 7, 1, Do, ""},
		{"published by a person", []github.Release{released(7, "mine")}, 0, 0, Done, "already published"},
		{"published from another commit", []github.Release{released(7, theirs)}, 0, 0, Done, "already published"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, duplicates, verdict, err := decideRelease(tt.all, Marker(tag, commit))
			conflict(t, err, tt.want)
			if tt.want == "" && (r.ID != tt.id || len(duplicates) != tt.duplicates || verdict != tt.verdict) {
				t.Errorf("release %d, %d twice, verdict %d; want %d, %d, %d", r.ID, len(duplicates), verdict, tt.id, tt.duplicates, tt.verdict)
			}
			for _, d := range duplicates {
				if !d.Draft {
					t.Errorf("the published release %d would be deleted", d.ID)
				}
			}
		})
	}
}

func TestDecideTag(t *testing.T) {
	for at, want := range map[string]struct {
		verdict Verdict
		says    string
	}{"": {Do, ""}, commit: {Done, ""}, other: {Done, "is at commit " + other}} {
		v, err := decideTag(tag, at, commit)
		conflict(t, err, want.says)
		if v != want.verdict {
			t.Errorf("a tag at %q is %d, want %d", at, v, want.verdict)
		}
	}
}

func TestDecideAsset(t *testing.T) {
	file := File{Name: "app.tar.gz", SHA256: "aa"}
	whole, starter := &github.Asset{State: "uploaded"}, &github.Asset{State: "starter"}
	tests := []struct {
		name    string
		draft   bool
		asset   *github.Asset
		digest  string
		verdict Verdict
		action  assetAction
		want    string
	}{
		{"absent from a draft", true, nil, "", Do, upload, ""},
		{"absent from a release", false, nil, "", Done, upload, "has no asset"},
		{"the same in a draft", true, whole, "aa", Done, upload, ""},
		{"the same in a release", false, whole, "aa", Done, upload, ""},
		{"another in a draft", true, whole, "bb", Do, replace, ""},
		{"another in a release", false, whole, "bb", Done, upload, "has sha256 bb, expected aa"},
		{"a failed upload in a draft", true, starter, "", Do, replace, ""},
		{"a failed upload in a release", false, starter, "", Done, upload, "published release is never changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, how, err := decideAsset(tt.draft, tt.asset, tt.digest, file)
			conflict(t, err, tt.want)
			if v != tt.verdict || how != tt.action {
				t.Errorf("verdict %d, action %d; want %d, %d", v, how, tt.verdict, tt.action)
			}
		})
	}
}

func TestDecideCrate(t *testing.T) {
	tests := []struct {
		name    string
		state   crateState
		verdict Verdict
		want    string
	}{
		{"absent", crateState{}, Do, ""},
		{"the same bytes", crateState{there: true, version: "1.2.3+a", same: true}, Done, ""},
		{"the same source", crateState{there: true, version: "1.2.3+a"}, Done, ""},
		{"another source", crateState{there: true, version: "1.2.3+a", differs: []string{"src/lib.rs"}}, Done, "src/lib.rs differs"},
		{"yanked", crateState{there: true, version: "1.2.3+a", same: true, yanked: true}, Done, "it was yanked"},
		{"other build metadata", crateState{there: true, version: "1.2.3+b"}, Done, "the registry has version 1.2.3+b, which it treats as app 1.2.3+a: build metadata is ignored"},
		{"without the build metadata", crateState{there: true, version: "1.2.3"}, Done, "build metadata is ignored"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := tt.state.decide("app", "1.2.3+a")
			conflict(t, err, tt.want)
			if v != tt.verdict {
				t.Errorf("verdict %d, want %d", v, tt.verdict)
			}
		})
	}
}

func TestOnlyThese(t *testing.T) {
	have := func(names ...string) (list []github.Asset) {
		for _, n := range names {
			list = append(list, github.Asset{Name: n})
		}
		return list
	}
	conflict(t, onlyThese(have("a", "b"), []string{"b", "a"}), "")
	conflict(t, onlyThese(have("a", "b", "c"), []string{"b", "a"}), `asset "c", which does not belong to this release`)
	conflict(t, onlyThese(have("a"), []string{"b", "a"}), `no longer has the asset "b"`)
}

func TestDecideMaker(t *testing.T) {
	tests := []struct {
		name        string
		draftOrigin draftOrigin
		want        string
	}{
		{"it was there before", draftOrigin{before: 7}, ""},
		{"this run made it", draftOrigin{made: 7, asked: true}, ""},
		{"this run may have made it", draftOrigin{asked: true}, ""},
		{"another run made it", draftOrigin{}, "another run created the draft"},
		{"another run made one first", draftOrigin{made: 9, asked: true}, "another run created the draft"},
		{"another one than before", draftOrigin{before: 9}, "another run created the draft"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { conflict(t, tt.draftOrigin.decide(7), tt.want) })
	}
}
