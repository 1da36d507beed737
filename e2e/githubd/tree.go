package githubd

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// getBlob handles GET /repos/{owner}/{repo}/git/blobs/{file_sha}.
func getBlob(c *call) *answer {
	sha := c.params["file_sha"]
	if kind, err := c.s.git.kind(sha); err != nil || kind != "blob" {
		return c.notFound()
	}
	content, err := c.s.git.run("cat-file", "blob", sha)
	if err != nil {
		return c.broken(err)
	}
	return ok(object{
		"sha": sha, "node_id": "B_" + sha, "url": c.url("git", "blobs", sha), "size": len(content),
		"encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte(content)),
	})
}

// createBlob handles POST /repos/{owner}/{repo}/git/blobs.
func createBlob(c *call) *answer {
	var in struct{ Content, Encoding string }
	if a := c.decode(&in); a != nil {
		return a
	}
	content := in.Content
	switch in.Encoding {
	case "", "utf-8":
	case "base64":
		raw, err := base64.StdEncoding.DecodeString(in.Content)
		if err != nil {
			return c.refuse("content is not valid Base64")
		}
		content = string(raw)
	default:
		return c.invalid(wrong{Resource: "Blob", Code: "custom", Field: "encoding", Message: "encoding must be either 'utf-8' or 'base64'"})
	}
	sha, a := c.store("blob", content)
	if a != nil {
		return a
	}
	return created(object{"sha": sha, "url": c.url("git", "blobs", sha)})
}

// treeObject returns the JSON object of a tree.
func (c *call) treeObject(sha string, recursive bool) (object, error) {
	args := []string{"ls-tree", "-z", "--long"}
	if recursive {
		args = append(args, "-r", "-t")
	}
	out, err := c.s.git.run(append(args, sha)...)
	if err != nil {
		return nil, err
	}
	entries := []object{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		head, path, found := strings.Cut(entry, "\t")
		f := strings.Fields(head) // mode, type, hash, size or a dash
		if !found || len(f) != 4 {
			continue // the empty tree
		}
		o := object{"path": path, "mode": f[0], "type": f[1], "sha": f[2], "url": c.url("git", f[1]+"s", f[2])}
		if size, err := strconv.Atoi(f[3]); err == nil {
			o["size"] = size
		}
		entries = append(entries, o)
	}
	return object{"sha": sha, "url": c.url("git", "trees", sha), "tree": entries, "truncated": false}, nil
}

// getTree handles GET /repos/{owner}/{repo}/git/trees/{tree_sha}, where the hash may also
// be any name of a commit.
func getTree(c *call) *answer {
	sha := c.params["tree_sha"]
	if kind, err := c.s.git.kind(sha); err != nil || kind != "tree" {
		if sha, err = c.s.git.commit(sha); err != nil {
			return c.notFound()
		}
		if sha, err = c.s.git.object(sha + "^{tree}"); err != nil {
			return c.broken(err)
		}
	}
	_, recursive := c.query["recursive"] // with any value
	o, err := c.treeObject(sha, recursive)
	if err != nil {
		return c.broken(err)
	}
	return ok(o)
}

// treeEntry is a path of a new tree: its content, the hash of an object, or null to delete
// the path.
type treeEntry struct {
	Path, Mode, Type string
	SHA              json.RawMessage
	Content          *string
}

// createTree handles POST /repos/{owner}/{repo}/git/trees.
func createTree(c *call) *answer {
	var in struct {
		Tree     []treeEntry
		BaseTree string `json:"base_tree"`
	}
	if a := c.decode(&in); a != nil {
		return a
	}
	if len(in.Tree) == 0 {
		return c.refuse("Invalid tree info")
	}
	if in.BaseTree != "" {
		if _, err := c.s.git.object(in.BaseTree + "^{tree}"); err != nil || !fullHash.MatchString(in.BaseTree) {
			return c.refuse("base_tree is not a valid tree oid")
		}
	}
	sha, err := c.s.git.grow(in.BaseTree, in.Tree)
	var refused *exec.ExitError
	switch {
	case errors.Is(err, errNoObject):
		return c.refuse(err.Error())
	case errors.As(err, &refused):
		return c.refuse("tree.path contains a malformed path component")
	case err != nil:
		return c.broken(err)
	}
	c.change()
	o, err := c.treeObject(sha, false)
	if err != nil {
		return c.broken(err)
	}
	return created(o)
}

// grow writes the tree made from base, which may be empty, and entries.
func (g git) grow(base string, entries []treeEntry) (string, error) {
	dir, err := os.MkdirTemp(g.scratch, "index-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// read-tree --prefix requires a work tree, but does not touch it.
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index"), "GIT_WORK_TREE=" + dir}
	if base != "" {
		if _, err := g.with("", index, "read-tree", base); err != nil {
			return "", err
		}
	}
	for _, e := range entries {
		if err := g.enter(index, e); err != nil {
			return "", err
		}
	}
	tree, err := g.with("", index, "write-tree")
	return strings.TrimSpace(tree), err
}

// enter adds one entry to an index.
func (g git) enter(index []string, e treeEntry) error {
	if strings.Contains(e.Path, "\x00") {
		return fmt.Errorf("tree.path %q: %w", e.Path, errNoObject)
	}
	if e.Content == nil && string(e.SHA) == "null" {
		return g.drop(index, e.Path)
	}
	var sha string
	if e.Content != nil {
		out, err := g.with(*e.Content, nil, "hash-object", "-w", "--stdin")
		if err != nil {
			return err
		}
		sha = strings.TrimSpace(out)
	} else if err := json.Unmarshal(e.SHA, &sha); err != nil {
		return fmt.Errorf("tree.sha of %q: %w", e.Path, errNoObject)
	}
	// The commit of a submodule is in another repository.
	if _, err := g.kind(sha); err != nil && e.Mode != "160000" {
		return fmt.Errorf("tree.sha %q of %q: %w", sha, e.Path, err)
	}
	if e.Mode == "040000" {
		if err := g.drop(index, e.Path); err != nil {
			return err
		}
		_, err := g.with("", index, "read-tree", "--prefix="+e.Path+"/", sha)
		return err
	}
	_, err := g.with("", index, "update-index", "--add", "--cacheinfo", e.Mode+","+sha+","+e.Path)
	return err
}

// drop removes a file, or everything in a directory, from an index.
func (g git) drop(index []string, path string) error {
	out, err := g.with("", index, "ls-files", "-z")
	if err != nil {
		return err
	}
	var gone strings.Builder
	for name := range strings.SplitSeq(out, "\x00") {
		if name == path || strings.HasPrefix(name, path+"/") {
			gone.WriteString("0 " + strings.Repeat("0", 40) + "\t" + name + "\x00")
		}
	}
	_, err = g.with(gone.String(), index, "update-index", "-z", "--index-info")
	return err
}
