package step

import (
	"slices"
	"strings"
)

// Environment is the whole environment of a command: the image's with the
// step's over it, each key once, sorted. A key to which the step gives no value is
// not in it.
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
