package githubd

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// emptyTree is the hash of the empty tree, which git knows without having it.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// GitHub's limits for a comparison.
const (
	mostCommits = 250
	mostFiles   = 300
)

// difference is a file that differs between two commits.
type difference struct {
	status         string // GitHub's word for it
	sha            string // of its content; the old content of a removed file
	name, previous string
	added, deleted int
}

// diff lists the files that differ between two commits or trees.
func (g git) diff(before, after string) ([]difference, error) {
	raw, err := g.run("diff", "--raw", "-z", "-M", "--no-abbrev", before, after)
	if err != nil {
		return nil, err
	}
	words := map[byte]string{'A': "added", 'D': "removed", 'M': "modified", 'T': "changed", 'R': "renamed"}
	var all []difference
	for fields := strings.Split(raw, "\x00"); len(fields) > 1; {
		// :MODE MODE HASH HASH STATUS, then one name, or two for a renamed file.
		head := strings.Fields(fields[0])
		c := difference{status: words[head[4][0]], sha: head[3], name: fields[1]}
		fields = fields[2:]
		switch c.status {
		case "removed":
			c.sha = head[2]
		case "renamed":
			c.previous, c.name = c.name, fields[0]
			fields = fields[1:]
		}
		all = append(all, c)
	}
	return all, g.count(before, after, all)
}

// count fills in the numbers of added and deleted lines.
func (g git) count(before, after string, all []difference) error {
	out, err := g.run("diff", "--numstat", "-z", "-M", before, after)
	if err != nil {
		return err
	}
	fields := strings.Split(out, "\x00")
	for i := range all {
		// ADDED\tDELETED\tNAME, or for a renamed file an empty name followed by two fields with
		// names. A binary file has dashes instead of numbers.
		numbers := strings.SplitN(fields[0], "\t", 3)
		all[i].added, _ = strconv.Atoi(numbers[0])
		all[i].deleted, _ = strconv.Atoi(numbers[1])
		fields = fields[1:]
		if numbers[2] == "" {
			fields = fields[2:]
		}
	}
	return nil
}

// files returns the changed files of a commit, without patches.
func (c *call) files(changes []difference, sha string) []object {
	list := []object{}
	for _, f := range changes[:min(len(changes), mostFiles)] {
		name := (&url.URL{Path: f.name}).EscapedPath()
		o := object{
			"sha": f.sha, "filename": f.name, "status": f.status,
			"additions": f.added, "deletions": f.deleted, "changes": f.added + f.deleted,
			"blob_url": c.webURL("blob", sha, name), "raw_url": c.webURL("raw", sha, name),
			"contents_url": c.url("contents", name) + "?ref=" + sha,
		}
		if f.previous != "" {
			o["previous_filename"] = f.previous
		}
		list = append(list, o)
	}
	return list
}

// compare handles GET /repos/{owner}/{repo}/compare/{basehead}, where basehead is
// BASE...HEAD. It returns the commits in head that are not in base, oldest first.
func compare(c *call) *answer {
	names := strings.SplitN(c.params["basehead"], "...", 2)
	if len(names) != 2 {
		return c.notFound()
	}
	var hashes []string
	for _, name := range names {
		sha, err := c.s.git.commit(strings.TrimPrefix(name, c.s.owner+":"))
		switch {
		case errors.Is(err, errNoObject):
			return c.notFound()
		case err != nil:
			return c.broken(err)
		}
		hashes = append(hashes, sha)
	}
	base, head := hashes[0], hashes[1]
	fork, err := c.s.git.line("merge-base", base, head)
	if err != nil { // no common ancestor
		return c.notFound()
	}
	ahead, err := c.s.git.between(fork, head)
	if err != nil {
		return c.broken(err)
	}
	behind, err := c.s.git.between(fork, base)
	if err != nil {
		return c.broken(err)
	}
	status := "diverged"
	switch {
	case len(ahead) == 0 && len(behind) == 0:
		status = "identical"
	case len(behind) == 0:
		status = "ahead"
	case len(ahead) == 0:
		status = "behind"
	}
	o, err := c.comparison(base, head, fork, ahead)
	if err != nil {
		return c.broken(err)
	}
	o["status"], o["behind_by"] = status, len(behind)
	return ok(o)
}

// between lists the commits in head that are not in base, oldest first.
func (g git) between(base, head string) ([]string, error) {
	out, err := g.run("rev-list", "--reverse", "--topo-order", base+".."+head)
	return strings.Fields(out), err
}

// comparison returns the response without the fields about the relation of base and head.
func (c *call) comparison(base, head, fork string, ahead []string) (object, error) {
	// The last commits, if there are too many.
	shown := ahead[max(0, len(ahead)-mostCommits):]
	commits, err := c.s.git.commits(slices.Concat([]string{base, fork}, shown)...)
	if err != nil {
		return nil, err
	}
	changes, err := c.s.git.diff(fork, head)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, one := range commits[2:] {
		list = append(list, c.commitObject(one))
	}
	span := base + "..." + head
	page := c.webURL("compare", span)
	return object{
		"url": c.url("compare", span), "html_url": page, "permalink_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		"base_commit": c.commitObject(commits[0]), "merge_base_commit": c.commitObject(commits[1]),
		"ahead_by": len(ahead), "total_commits": len(ahead), "commits": list, "files": c.files(changes, head),
	}, nil
}
