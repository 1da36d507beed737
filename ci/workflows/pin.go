package workflows

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// actionDir is the directory of the action that installs slipway, in slipway's repository.
const actionDir = ".github/actions/slipway"

// ownAction refers to the action from workflows of slipway's own repository.
const ownAction = "./" + actionDir

// actionOf returns the action's reference for a pin OWNER/NAME@COMMIT.
func actionOf(pin string) string {
	repository, commit, _ := strings.Cut(pin, "@")
	return repository + "/" + actionDir + "@" + commit
}

var usedPin = regexp.MustCompile(`uses: ([A-Za-z0-9-]+/[A-Za-z0-9._-]+)/` + regexp.QuoteMeta(actionDir) + `@([0-9a-f]{40})\b`)

// Pin returns where the workflows of the repository with the given root get slipway from: asked
// if it is not empty, otherwise what the existing release workflow uses, otherwise "" for the
// repository itself if it has the action.
func Pin(root fs.FS, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	if raw, err := fs.ReadFile(root, path.Join(Dir, "release.yml")); err == nil {
		if m := usedPin.FindSubmatch(raw); m != nil {
			return string(m[1]) + "@" + string(m[2]), nil
		}
	}
	if _, err := fs.Stat(root, path.Join(actionDir, "action.yml")); err == nil {
		return "", nil
	}
	return "", errors.New("finding where the workflows take slipway from: there are none yet: pass --slipway OWNER/NAME@COMMIT")
}
