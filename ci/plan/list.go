package plan

import "fmt"

// checkList returns an error if a list was given but is empty, or contains an empty name. A nil
// list was not given and stands for all, which an empty variable must not.
func checkList(flag string, names []string) error {
	const next = "leave it out for all"
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
