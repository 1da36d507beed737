package plan

import "fmt"

// checkList returns an error where a list was given that has nothing in it, or a name that
// is empty. A list that was not given is nil: it stands for all, and an empty variable must
// not.
func checkList(flag string, names []string) error {
	const next = "leave it out where all are meant"
	if names != nil && len(names) == 0 {
		return fmt.Errorf("checking %s: the list is empty: %s", flag, next)
	}
	for _, name := range names {
		if name == "" {
			return fmt.Errorf("checking %s: a name in the list is empty: %s", flag, next)
		}
	}
	return nil
}
