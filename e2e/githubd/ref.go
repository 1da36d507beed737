package githubd

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// GitHub's messages about rules for tags.
const (
	ruleViolation = "Repository rule violations found\n\n"
	cannotCreate  = ruleViolation + "Cannot create ref due to creations being restricted.\n\n"
	cannotUpdate  = ruleViolation + "Cannot update this protected ref.\n\n"
	cannotDelete  = ruleViolation + "Cannot delete this protected ref.\n\n"
)

// reference returns the JSON object of a reference.
func (c *call) reference(ref, sha, kind string) object {
	return object{
		"ref": ref, "node_id": nodeID("REF", c.s.id) + "_" + sha, "url": c.url("git", ref),
		"object": object{"sha": sha, "type": kind, "url": c.url("git", kind+"s", sha)},
	}
}

// empty returns the error response for a repository without branches, otherwise nil.
func (c *call) empty() *answer {
	out, err := c.s.git.run("for-each-ref", "--count=1", "refs/heads")
	switch {
	case err != nil:
		return c.broken(err)
	case out == "":
		return c.fail(http.StatusConflict, "Git Repository is empty.")
	}
	return nil
}

// getRef handles GET /repos/{owner}/{repo}/git/ref/{ref}. The name must match exactly.
func getRef(c *call) *answer {
	if a := c.empty(); a != nil {
		return a
	}
	ref := "refs/" + c.params["ref"]
	sha, kind, err := c.s.git.reference(ref)
	switch {
	case errors.Is(err, errNoObject):
		return c.notFound()
	case err != nil:
		return c.broken(err)
	}
	return ok(c.reference(ref, sha, kind))
}

// matchingRefs handles GET /repos/{owner}/{repo}/git/matching-refs/{ref}. It returns all
// references with that prefix.
func matchingRefs(c *call) *answer {
	if a := c.empty(); a != nil {
		return a
	}
	out, err := c.s.git.run("for-each-ref", "--format=%(refname) %(objectname) %(objecttype)")
	if err != nil {
		return c.broken(err)
	}
	list := []object{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); strings.HasPrefix(f[0], "refs/"+c.params["ref"]) {
			list = append(list, c.reference(f[0], f[1], f[2]))
		}
	}
	return ok(list)
}

// createRef handles POST /repos/{owner}/{repo}/git/refs.
func createRef(c *call) *answer {
	var in struct{ Ref, SHA string }
	if a := c.decode(&in); a != nil {
		return a
	}
	if a := c.empty(); a != nil {
		return a
	}
	_, _, err := c.s.git.reference(in.Ref)
	switch {
	case in.Ref == "":
		return c.missing("ref")
	case in.SHA == "":
		return c.missing("sha")
	case !strings.HasPrefix(in.Ref, "refs/") || strings.Count(in.Ref, "/") < 2:
		return c.refuse("Reference name must contain at least three slash-separated components.")
	case !c.s.git.valid(in.Ref):
		return c.refuse(in.Ref + " is not a valid ref name.")
	case err == nil:
		return c.refuse("Reference already exists")
	case c.s.burned[strings.TrimPrefix(in.Ref, "refs/tags/")] && strings.HasPrefix(in.Ref, "refs/tags/"):
		return c.refuse(cannotCreate)
	}
	return c.point(in.Ref, in.SHA, strings.Repeat("0", 40), created)
}

// updateRef handles PATCH /repos/{owner}/{repo}/git/refs/{ref}.
func updateRef(c *call) *answer {
	var in struct {
		SHA   string
		Force bool
	}
	if a := c.decode(&in); a != nil {
		return a
	}
	ref := "refs/" + c.params["ref"]
	old, _, err := c.s.git.reference(ref)
	switch {
	case in.SHA == "":
		return c.missing("sha")
	case errors.Is(err, errNoObject):
		return c.refuse("Reference does not exist")
	case err != nil:
		return c.broken(err)
	case c.s.locked(ref):
		return c.refuse(cannotUpdate)
	}
	if _, err := c.s.git.kind(in.SHA); err != nil {
		return c.refuse("Object does not exist")
	}
	if _, err := c.s.git.run("merge-base", "--is-ancestor", old, in.SHA); err != nil && !in.Force {
		return c.refuse("Update is not a fast forward")
	}
	return c.point(ref, in.SHA, old, func(o object) *answer { return ok(o) })
}

// point makes ref point to sha, unless it no longer points to old.
func (c *call) point(ref, sha, old string, answered func(object) *answer) *answer {
	kind, err := c.s.git.kind(sha)
	switch {
	case errors.Is(err, errNoObject):
		return c.refuse("Object does not exist")
	case err != nil:
		return c.broken(err)
	}
	// git refuses a branch that is not a commit, and a name below an existing one.
	if _, err := c.s.git.run("update-ref", ref, sha, old); err != nil {
		return c.refuse("Reference update failed")
	}
	c.change()
	return answered(c.reference(ref, sha, kind))
}

// deleteRef handles DELETE /repos/{owner}/{repo}/git/refs/{ref}.
func deleteRef(c *call) *answer {
	ref := "refs/" + c.params["ref"]
	old, _, err := c.s.git.reference(ref)
	switch {
	case errors.Is(err, errNoObject):
		return c.refuse("Reference does not exist")
	case err != nil:
		return c.broken(err)
	case c.s.locked(ref):
		return c.refuse(cannotDelete)
	case ref == "refs/heads/"+c.s.branch:
		return c.refuse("Cannot delete the default branch")
	}
	if _, err := c.s.git.run("update-ref", "-d", ref, old); err != nil {
		return c.broken(err)
	}
	c.change()
	return noContent()
}

// locked reports whether ref is the tag of an immutable release.
func (r *repository) locked(ref string) bool {
	return slices.ContainsFunc(r.releases, func(l *release) bool { return l.immutable && ref == "refs/tags/"+l.tag })
}

// getBranch handles GET /repos/{owner}/{repo}/branches/{branch}.
func getBranch(c *call) *answer {
	name := c.params["branch"]
	sha, _, err := c.s.git.reference("refs/heads/" + name)
	switch {
	case errors.Is(err, errNoObject):
		return c.fail(http.StatusNotFound, "Branch not found")
	case err != nil:
		return c.broken(err)
	}
	commits, err := c.s.git.commits(sha)
	if err != nil {
		return c.broken(err)
	}
	self := c.url("branches", name)
	return ok(object{
		"name": name, "commit": c.commitObject(commits[0]), "protected": false,
		"_links":     object{"self": self, "html": c.webURL("tree", name)},
		"protection": object{"enabled": false}, "protection_url": self + "/protection",
	})
}
