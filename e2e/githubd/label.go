package githubd

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// labelObjects returns the JSON objects of a pull request's labels.
func (c *call) labelObjects(p *pull) []object {
	list := []object{}
	for _, l := range p.labels {
		list = append(list, object{
			"id": l.id, "node_id": nodeID("LA", l.id), "url": c.url("labels", url.PathEscape(l.name)),
			"name": l.name, "description": nil, "color": "ededed", "default": false,
		})
	}
	return list
}

// listLabels handles GET /repos/{owner}/{repo}/issues/{issue_number}/labels. Pull requests
// are the only issues on this server.
func listLabels(c *call) *answer {
	p := c.pulled("issue_number")
	if p == nil {
		return c.notFound()
	}
	return ok(c.labelObjects(p))
}

// addLabels handles POST /repos/{owner}/{repo}/issues/{issue_number}/labels. It creates
// missing labels.
func addLabels(c *call) *answer {
	names, err := labelNames(c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "Problems parsing JSON")
	}
	p := c.pulled("issue_number")
	if p == nil {
		return c.notFound()
	}
	for _, name := range names {
		l := c.s.label(name)
		if !slices.Contains(p.labels, l) {
			p.labels = append(p.labels, l)
		}
	}
	c.change()
	return ok(c.labelObjects(p))
}

// label returns the label of a name, compared without case as GitHub does. It creates it if
// necessary.
func (s *Server) label(name string) *label {
	i := slices.IndexFunc(s.labels, func(l *label) bool { return strings.EqualFold(l.name, name) })
	if i >= 0 {
		return s.labels[i]
	}
	l := &label{s.newID(), name}
	s.labels = append(s.labels, l)
	return l
}

// labelNames parses a list of names, or an object with one. Entries may be objects too.
func labelNames(body []byte) ([]string, error) {
	var entries []json.RawMessage
	if err := json.Unmarshal(body, &entries); err != nil {
		var in struct{ Labels []json.RawMessage }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		entries = in.Labels
	}
	var names []string
	for _, entry := range entries {
		var name string
		if err := json.Unmarshal(entry, &name); err != nil {
			var in struct{ Name string }
			if err := json.Unmarshal(entry, &in); err != nil {
				return nil, err
			}
			name = in.Name
		}
		names = append(names, name)
	}
	return names, nil
}
