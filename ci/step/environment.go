package step

import (
	"slices"
	"strings"
)

// Environment returns the whole environment of a command, sorted: the image's variables,
// overridden by the step's own. A variable that the step sets to "" is removed.
func Environment(image, own []string) []string {
	env := map[string]string{}
	for _, e := range image {
		key, value, _ := strings.Cut(e, "=")
		env[key] = value
	}
	for _, e := range own {
		key, value, _ := strings.Cut(e, "=")
		if env[key] = value; value == "" {
			delete(env, key)
		}
	}
	list := make([]string, 0, len(env))
	for key, value := range env {
		list = append(list, key+"="+value)
	}
	slices.Sort(list)
	return list
}
