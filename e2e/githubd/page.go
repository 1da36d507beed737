package githubd

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// GitHub's page sizes.
const (
	defaultPage = 30
	largestPage = 100
)

// page returns the requested page of all, with links to the other pages.
func page[T any](c *call, all []T, show func(T) object) *answer {
	size := min(c.number("per_page", defaultPage), largestPage)
	number := min(c.number("page", 1), 1_000_000)
	first := min((number-1)*size, len(all))
	list := []object{}
	for _, one := range all[first:min(first+size, len(all))] {
		list = append(list, show(one))
	}
	a := ok(list)
	if links := c.links(number, max(1, (len(all)+size-1)/size)); links != "" {
		a.header = map[string]string{"Link": links}
	}
	return a
}

// links returns the Link header. GitHub identifies the repository by number in it, so that
// it remains valid after a rename.
func (c *call) links(number, last int) string {
	path := c.path
	if parts := strings.SplitN(path, "/", 5); len(parts) == 5 && parts[1] == "repos" {
		path = "/repositories/" + strconv.FormatInt(c.s.id, 10) + "/" + parts[4]
	}
	var links []string
	link := func(page int, rel string) {
		query := url.Values{}
		for name, values := range c.query {
			query[name] = values
		}
		query.Set("page", strconv.Itoa(page))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", c.api, path, query.Encode(), rel))
	}
	if number > 1 {
		link(number-1, "prev")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if number > 1 {
		link(1, "first")
	}
	return strings.Join(links, ", ")
}
