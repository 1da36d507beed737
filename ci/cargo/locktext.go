package cargo

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"dagger/slipway/ci/tomlfile"
)

// mark is the line that begins a package, with the end of the line before it.
const mark = "\n[[package]]"

// parseLock reads the packages and keeps each one's original text, so that a pruned lock file
// repeats it verbatim. It reads every form that cargo still reads: the oldest have the root package
// in [root], and checksums in [metadata].
func parseLock(text string) (Lock, error) {
	var file struct {
		Root     *Package       `toml:"root"`
		Package  []Package      `toml:"package"`
		Metadata map[string]any `toml:"metadata"`
	}
	if err := tomlfile.Unmarshal([]byte(text), &file); err != nil {
		return Lock{}, err
	}
	parts := strings.Split("\n"+strings.ReplaceAll(text, "\r\n", "\n"), mark)
	if len(parts)-1 != len(file.Package) {
		return Lock{}, fmt.Errorf("it holds %d packages, but %d begin on a line of their own", len(file.Package), len(parts)-1)
	}
	head, root := cutRoot(parts[0])
	l := Lock{SHA256: sha256.Sum256([]byte(text)), Packages: file.Package, head: strings.TrimPrefix(head, "\n")}
	for i := range l.Packages {
		body := parts[i+1]
		if end := strings.Index(body, "\n["); end >= 0 { // [[patch.unused]], [metadata]
			l.tail = body[end:]
			body = body[:end]
		}
		l.Packages[i].text = mark + strings.TrimRight(body, "\n") + "\n"
	}
	if file.Root != nil {
		file.Root.text = mark + strings.TrimRight(root, "\n") + "\n"
		l.Packages = append(l.Packages, *file.Root)
	}
	for i := range l.Packages {
		l.Packages[i].takeChecksum(file.Metadata)
	}
	return l, nil
}

// cutRoot cuts the body of [root] out of the text before the first package.
func cutRoot(head string) (rest, root string) {
	before, body, found := strings.Cut(head, "\n[root]")
	if !found {
		return head, ""
	}
	if end := strings.Index(body, "\n["); end >= 0 { // [metadata]
		return before + "\n", body[:end]
	}
	return before + "\n", body
}

// takeChecksum sets the checksum that [metadata] has for the package.
func (p *Package) takeChecksum(metadata map[string]any) {
	key := fmt.Sprintf("checksum %s %s (%s)", p.Name, p.Version, p.Source)
	sum, found := metadata[key].(string)
	if !found || p.Checksum != "" {
		return
	}
	p.sum = fmt.Sprintf("%q = %q\n", key, sum)
	if sum != "<none>" { // a git repository's
		p.Checksum = sum
	}
}

// prune returns the text of the lock file reduced to what the members need. cargo compares lock
// files by meaning, so --locked accepts it.
func (l Lock) prune(members []string) string {
	var b, sums strings.Builder
	b.WriteString(l.head)
	for _, i := range l.reach(members) {
		b.WriteString(l.Packages[i].text)
		sums.WriteString(l.Packages[i].sum)
	}
	if sums.Len() > 0 {
		b.WriteString("\n[metadata]\n" + sums.String())
	}
	return b.String()
}
