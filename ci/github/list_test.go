package github

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestListsEnd checks that no list of GitHub's can go on forever or fill the memory.
func TestListsEnd(t *testing.T) {
	ask := map[string]func(*Client) error{
		"assets":   func(c *Client) error { _, err := c.Assets(t.Context(), 1); return err },
		"releases": func(c *Client) error { _, err := c.Releases(t.Context(), "v1"); return err },
		"tags":     func(c *Client) error { _, err := c.PublishedTags(t.Context(), "v"); return err },
	}
	long := fmt.Sprintf(`[{"tag_name":"v1","body":"%s","name":"n"},{"tag_name":"v%[1]s","name":"%[1]s"}]`, strings.Repeat("b", 10<<20))
	for _, tt := range []struct {
		what   string
		page   func(page int) string // the content of a page
		next   func(page int) int
		want   map[string]string
		atMost int // requests
	}{
		{"empty pages without end", func(int) string { return `[]` }, nil, map[string]string{"": "more than 200 pages"}, 200},
		{"pages of others without end", func(int) string { return `[{"tag_name":"other","draft":true}]` }, nil, map[string]string{"": "more than 200 pages"}, 200},
		{"the same page again", func(int) string { return `[]` }, func(page int) int { return page }, map[string]string{"": "after page 1 GitHub names page 1 as the next"}, 1},
		{"back", func(int) string { return `[]` }, func(page int) int { return 3 - page }, map[string]string{"": "after page 2 GitHub names page 1 as the next"}, 2},
		{"a page of millions", func(int) string { return `[` + strings.Repeat(`{},`, 2_000_000) + `{}]` }, nil, map[string]string{"": "it has more than the 100 elements that were asked for"}, 1},
		{"no list", func(int) string { return `{"a":1}` }, nil, map[string]string{"": "expected ["}, 1},
		{"the same tag again and again", func(int) string { return `[` + strings.Repeat(`{"tag_name":"v1"},`, 99) + `{"tag_name":"v1"}]` }, nil, map[string]string{"releases": `more than 100 have the tag "v1"`, "assets": "there are more than 1000", "tags": "more than 200 pages"}, 200},
		{"long texts", func(int) string { return long }, nil, map[string]string{"releases": "or their notes more than", "assets": "or their descriptions have more than", "tags": "their tags have more than"}, 2},
	} {
		for which, do := range ask {
			asked := 0
			c := fakeGitHub(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				var page int
				_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
				next := page + 1
				if tt.next != nil {
					next = tt.next(page)
				}
				w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, next))
				_, _ = io.WriteString(w, tt.page(page))
			})
			want := tt.want[which]
			if want == "" {
				want = tt.want[""]
			}
			if err := do(c); err == nil || !strings.Contains(err.Error(), "listing the ") || !strings.Contains(err.Error(), want) || asked > tt.atMost {
				t.Errorf("%s, %s: %v after %d requests, want %q after %d at most", tt.what, which, err, asked, want, tt.atMost)
			}
		}
	}
}

// TestLists checks that lists of several pages are read whole.
func TestLists(t *testing.T) {
	c := fakeGitHub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "1" {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=2>; rel="next"`, r.Host, r.URL.Path))
			_, _ = io.WriteString(w, `[{"id":1,"tag_name":"v1","name":"a"},{"id":2,"tag_name":"v2","draft":true,"name":"b"},{"id":3,"tag_name":"w1","name":"c"}]`)
			return
		}
		_, _ = io.WriteString(w, `[{"id":4,"tag_name":"v1","draft":true,"name":"d"},{"id":5,"tag_name":"v3","name":"e"}]`)
	})
	releases, err := c.Releases(t.Context(), "v1")
	if err != nil || len(releases) != 2 || releases[0].ID != 1 || releases[1].ID != 4 || !releases[1].Draft {
		t.Errorf("releases %+v, %v", releases, err)
	}
	if tags, err := c.PublishedTags(t.Context(), "v"); err != nil || !slices.Equal(tags, []string{"v1", "v3"}) {
		t.Errorf("tags %q, %v", tags, err)
	}
	if assets, err := c.Assets(t.Context(), 1); err != nil || len(assets) != 5 || assets[4].Name != "e" {
		t.Errorf("assets %+v, %v", assets, err)
	}
}
