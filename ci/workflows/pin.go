package workflows

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// actionDir is where slipway's repository has the action that installs slipway.
const actionDir = ".github/actions/slipway"

// ownAction is the action in the repository of slipway itself.
const ownAction = "./" + actionDir

// actionOf is the action at OWNER/NAME@COMMIT.
func actionOf(pin string) string {
	repository, commit, _ := strings.Cut(pin, "@")
	return repository + "/" + actionDir + "@" + commit
}

var usedPin = regexp.MustCompile(`uses: ([A-Za-z0-9-]+/[A-Za-z0-9._-]+)/` + regexp.QuoteMeta(actionDir) + `@([0-9a-f]{40})\b`)

// Pin chooses where slipway comes from in the repository with that root: what the
// caller asks for, else what the workflows there have, else the repository itself,
// where it has the action.
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
	return "", errors.New("finding where the workflows take slipway from: none is there yet: name it with --slipway OWNER/NAME@COMMIT")
}
