package githubd

import (
	"net/url"
	"strconv"
	"strings"

	"dagger/slipway/e2e/githubd/description"
)

// route is an operation that the server implements.
type route struct {
	description.Operation
	needs  Permission
	handle handler
}

// uploadOperation is the operation whose body is streamed, and whose base URL differs from
// the others'.
const uploadOperation = "POST /repos/{owner}/{repo}/releases/{release_id}/assets"

// routes lists all routes. The first that matches a path is used.
func routes() []route {
	const repo, data = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/git"
	r := func(method, path string, needs Permission, h handler) route {
		return route{description.Operation{Method: method, Path: path}, needs, h}
	}
	return []route{
		r("GET", "/user", None, user),
		r("GET", "/rate_limit", None, rateLimit),
		r("GET", repo, Read, getRepository),
		r("GET", repo+"/collaborators/{username}/permission", Write, permission),
		r("GET", repo+"/immutable-releases", Admin, getImmutable),
		r("PUT", repo+"/immutable-releases", Admin, putImmutable),
		r("DELETE", repo+"/immutable-releases", Admin, deleteImmutable),
		r("GET", repo+"/environments/{environment_name}", Read, getEnvironment),
		r("GET", repo+"/environments/{environment_name}/deployment-branch-policies", Read, listBranchPolicies),

		r("GET", repo+"/branches/{branch}", Read, getBranch),
		r("GET", repo+"/commits/{ref}", Read, getCommit),
		r("GET", repo+"/compare/{basehead}", Read, compare),
		r("GET", data+"/ref/{ref}", Read, getRef),
		r("GET", data+"/matching-refs/{ref}", Read, matchingRefs),
		r("POST", data+"/refs", Write, createRef),
		r("PATCH", data+"/refs/{ref}", Write, updateRef),
		r("DELETE", data+"/refs/{ref}", Write, deleteRef),
		r("GET", data+"/tags/{tag_sha}", Read, getTag),
		r("POST", data+"/tags", Write, createTag),
		r("GET", data+"/commits/{commit_sha}", Read, getGitCommit),
		r("POST", data+"/commits", Write, createCommit),
		r("GET", data+"/trees/{tree_sha}", Read, getTree),
		r("POST", data+"/trees", Write, createTree),
		r("GET", data+"/blobs/{file_sha}", Read, getBlob),
		r("POST", data+"/blobs", Write, createBlob),

		r("GET", repo+"/releases", Read, listReleases),
		r("POST", repo+"/releases", Write, createRelease),
		r("GET", repo+"/releases/latest", Read, latestRelease),
		r("GET", repo+"/releases/tags/{tag}", Read, releaseByTag),
		r("GET", repo+"/releases/{release_id}", Read, getRelease),
		r("PATCH", repo+"/releases/{release_id}", Write, editRelease),
		r("DELETE", repo+"/releases/{release_id}", Write, deleteRelease),
		r("GET", repo+"/releases/{release_id}/assets", Read, listAssets),
		r("POST", repo+"/releases/{release_id}/assets", Write, uploadAsset),
		r("GET", repo+"/releases/assets/{asset_id}", Read, getAsset),
		r("PATCH", repo+"/releases/assets/{asset_id}", Write, editAsset),
		r("DELETE", repo+"/releases/assets/{asset_id}", Write, deleteAsset),

		r("GET", repo+"/pulls", Read, listPulls),
		r("POST", repo+"/pulls", Write, createPull),
		r("GET", repo+"/pulls/{pull_number}", Read, getPull),
		r("GET", repo+"/issues/{issue_number}/labels", Read, listLabels),
		r("POST", repo+"/issues/{issue_number}/labels", Write, addLabels),
	}
}

// longParameters lists parameters that may contain slashes, escaped or not. They are last
// in a path.
var longParameters = map[string]bool{"{ref}": true, "{tag}": true, "{branch}": true, "{basehead}": true}

// match returns the parameters of a path if it matches the route.
func (r route) match(method, path string) (map[string]string, bool) {
	if method != r.Method {
		return nil, false
	}
	wanted, got := strings.Split(r.Path, "/"), strings.Split(path, "/")
	parameters := map[string]string{}
	for i, part := range wanted {
		if i >= len(got) {
			return nil, false
		}
		value := got[i]
		if longParameters[part] {
			value = strings.Join(got[i:], "/")
			got = got[:i+1]
			// The API does not accept "%2F" in references, as go-github's authors found.
			if strings.Contains(r.Path, "/git/") && strings.Contains(strings.ToUpper(value), "%2F") {
				return nil, false
			}
		}
		if !strings.HasPrefix(part, "{") {
			if part != value {
				return nil, false
			}
			continue
		}
		unescaped, err := url.PathUnescape(value)
		if err != nil || unescaped == "" || strings.HasSuffix(part, "_id}") && !isNumber(unescaped) {
			return nil, false
		}
		parameters[strings.Trim(part, "{}")] = unescaped
	}
	return parameters, len(got) == len(wanted)
}

func isNumber(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// find sets the route of a request, and reports whether there is one.
func (c *call) find() bool {
	path := c.path
	// Redirects and links identify the repository by its number.
	numbered := "/repositories/" + strconv.FormatInt(c.s.id, 10)
	if rest, ok := strings.CutPrefix(path, numbered); ok && (rest == "" || rest[0] == '/') {
		path = "/repos/" + c.s.owner + "/" + c.s.repo + rest
	}
	for _, r := range c.s.routes {
		if params, ok := r.match(c.r.Method, path); ok && c.upload == (r.String() == uploadOperation) {
			c.route, c.params = r, params
			return true
		}
	}
	return false
}
