package prepare

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

var (
	// compareForm matches the URL of a comparison on GitHub, GitLab and the like.
	compareForm = regexp.MustCompile(`^(.*/compare/)(.+?)(\.{2,3})([^/.].*)$`)
	// refForm matches a tag that ends in a version.
	refForm = regexp.MustCompile(`^(.*?)([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?)$`)
)

// comparison is a parsed comparison URL.
type comparison struct{ base, from, dots, until string }

func compared(url string) (comparison, bool) {
	m := compareForm.FindStringSubmatch(url)
	if m == nil {
		return comparison{}, false
	}
	return comparison{m[1], m[2], m[3], m[4]}, true
}

func (c comparison) String() string { return c.base + c.from + c.dots + c.until }

// retag returns the tag ref with its version replaced.
func retag(ref, to string) (string, bool) {
	m := refForm.FindStringSubmatch(ref)
	if m == nil {
		return "", false
	}
	return m[1] + to, true
}

// nextURL derives the URL for the next version: a comparison starts where the previous one
// ended, and in any other URL the version is replaced.
func nextURL(url, from, to string) (string, bool) {
	if c, ok := compared(url); ok {
		next, ok := retag(c.until, to)
		return comparison{c.base, c.until, c.dots, next}.String(), ok
	}
	at := strings.LastIndex(url, from)
	if at < 0 {
		return "", false
	}
	return url[:at] + to + url[at+len(from):], true
}

// definitions are the line numbers of a changelog's link definitions, -1 for none.
type definitions struct {
	unreleased int
	last       int // of the highest version before the new one
	version    *semver.Version
	versions   int // how many versions have a definition
	new        int // of the new version
}

func (o *outline) definitions() definitions {
	d := definitions{unreleased: -1, last: -1, new: -1}
	for _, i := range o.links {
		l := o.link(i)
		name := strings.TrimPrefix(l.name, "v")
		v := o.before(name)
		switch {
		case strings.EqualFold(strings.TrimSpace(l.name), "unreleased"): // labels are case-insensitive
			d.unreleased = i
		case strings.EqualFold(name, o.to):
			d.new = i
		case v == nil:
		default:
			d.versions++
			if d.last < 0 || v.GreaterThan(d.version) {
				d.last, d.version = i, v
			}
		}
	}
	return d
}

// updateLinks updates the link definitions of a changelog that has any. [Unreleased] compares
// with the new version afterwards. The new version, with the label name, is defined like the
// highest version before it, and above that one or else below [Unreleased]. Definitions of an
// unknown form are left unchanged, and the returned notes say so. tag is the tag of the new
// release.
func (o *outline) updateLinks(name, tag string) (notes []string) {
	d := o.definitions()
	if d.unreleased < 0 && d.last < 0 {
		return nil
	}
	url, known := o.nextLink(d)
	if d.unreleased >= 0 {
		head := o.link(d.unreleased)
		if c, ok := compared(head.url); ok {
			if next, ok := retag(c.from, o.to); ok {
				head.url = comparison{c.base, next, c.dots, c.until}.String()
				o.lines[d.unreleased] = head.String()
			}
		}
	}
	if d.new >= 0 {
		return nil
	}
	if !known {
		return []string{fmt.Sprintf("slipway does not know the form of its links: add the link of [%s].", name)}
	}
	o.define(d, name, url)
	decoded := strings.NewReplacer("%2F", "/", "%2f", "/").Replace(url)
	if !strings.HasSuffix(decoded, "/"+tag) && !strings.HasSuffix(decoded, "."+tag) {
		notes = append(notes, fmt.Sprintf("the link of [%s], written like the others, does not point to the tag %q.", name, tag))
	}
	return notes
}

// nextLink returns the URL for the new version. A comparison starts at the tag that
// [Unreleased] compares with, because the highest version's link may be outdated. The very
// first version often links to its tag, as there is nothing to compare with, and is no model
// for the second.
func (o *outline) nextLink(d definitions) (url string, known bool) {
	if d.last >= 0 {
		url, known = nextURL(o.link(d.last).url, d.version.String(), o.to)
	}
	if d.unreleased < 0 {
		return url, known
	}
	c, isComparison := compared(o.link(d.unreleased).url)
	next, hasTag := retag(c.from, o.to)
	model, modelCompares := compared(url)
	switch {
	case !isComparison || !hasTag:
		return url, known
	case modelCompares:
		return comparison{model.base, c.from, model.dots, next}.String(), true
	case d.versions < 2:
		return comparison{c.base, c.from, c.dots, next}.String(), true
	}
	return url, known
}

// define inserts the definition of the new version.
func (o *outline) define(d definitions, name, url string) {
	at := d.last
	if at < 0 {
		at = d.unreleased
	}
	l, there := o.link(at), o.lines[at]
	l.name, l.url = name, url
	line, bare := strings.TrimRight(l.String(), "\r\n"), strings.TrimRight(there, "\r\n")
	if at == d.last {
		o.lines[at] = line + lineEnd(there) + there
	} else {
		o.lines[at] = bare + lineEnd(there) + line + there[len(bare):]
	}
}
