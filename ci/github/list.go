package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Limits on lists. GitHub shows the first 10,000 releases of a repository, 100 on a page, but what
// answers may not be GitHub.
const (
	perPage  = 100
	maxPages = 200
	maxKept  = 16 << 20 // bytes of text that is kept of a list: notes of a release have 125,000 at most
)

// list calls do with every element of a list of the repository, page by page. It keeps none of
// them: do bounds what it keeps. A list of more than maxPages pages is an error, and so is one that
// goes back.
func list[T any](ctx context.Context, c *Client, path string, do func(T) error) error {
	for page, pages := 1, 0; page > 0; pages++ {
		if pages == maxPages {
			return fmt.Errorf("GitHub has more than %d pages of them, expected fewer", maxPages)
		}
		var some onePage[T]
		resp, err := c.do(ctx, http.MethodGet, c.path(path+"?per_page=%d&page=%d", perPage, page), nil, &some)
		if err != nil {
			return err
		}
		for _, one := range some {
			if err := do(one); err != nil {
				return err
			}
		}
		if resp.NextPage != 0 && resp.NextPage <= page {
			return fmt.Errorf("after page %d GitHub names page %d as the next", page, resp.NextPage)
		}
		page = resp.NextPage
	}
	return nil
}

// onePage is a page of a list. It is decoded one element at a time: three bytes of JSON can be an
// element that takes a hundred in memory.
type onePage[T any] []T

// UnmarshalJSON implements [json.Unmarshaler].
func (p *onePage[T]) UnmarshalJSON(raw []byte) error {
	elements := json.NewDecoder(bytes.NewReader(raw))
	if begin, err := elements.Token(); err != nil || begin != json.Delim('[') {
		return fmt.Errorf("reading a page of a list: it begins with %v, expected [", begin)
	}
	for elements.More() {
		if len(*p) == perPage {
			return fmt.Errorf("reading a page of a list: it has more than the %d elements that were asked for", perPage)
		}
		var one T
		if err := elements.Decode(&one); err != nil {
			return err
		}
		*p = append(*p, one)
	}
	return nil
}
