package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/package-url/packageurl-go"

	"dagger/slipway/ci/cargo"
)

// Input is everything a document is made from.
type Input struct {
	Binary string            // the file's name
	SHA256 [sha256.Size]byte // of the file
	Target string            // the target triple
	Graph  Graph             // from Parse, for that target and the features of the build
	Lock   cargo.Lock        // of the workspace
	Source Source            // of the workspace; may be empty
	Rust   Rust              // the compiler whose standard library is in the binary
	// Tool is the version of slipway, or "".
	Tool string
}

// Source is a commit of a repository. If it is set, crates of the workspace get a vcs_url;
// otherwise their package URLs look like those of crates on crates.io.
type Source struct {
	Repository string // an absolute URL without a user
	Commit     string // 40 or 64 hexadecimal digits
}

// Rust is a compiler, as `rustc -vV` prints it.
type Rust struct {
	Release string // its "release", like 1.96.0
	Commit  string // its "commit-hash", or "" when unknown
}

// Document is the contents of a binary, which can be written in either format.
type Document struct {
	binary string
	target string
	tool   string
	// components are the binary itself, its crates in order, and the standard library.
	components []component
}

// component is what both formats record about a part of the binary.
type component struct {
	id         string // unique in the document; letters, digits, - and .
	name       string
	version    string
	license    string // an SPDX expression, or ""
	words      string // the manifest's licence if it is not an SPDX expression
	purl       string
	download   string // an SPDX download location, or ""
	repository string // a web page, or ""
	sha256     string // hexadecimal, or ""
	comment    string
	deps       []int // indices of components
}

var commit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// New makes a document. It returns an error if a required field is empty, if only part of
// the source is set, or if a crate is not in the lock file.
func New(in Input) (*Document, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("making the SBOM of %q for target %q: %w", in.Binary, in.Target, err)
	}
	d := &Document{binary: in.Binary, target: in.Target, tool: in.Tool}
	for i, c := range in.Graph.Crates {
		p, err := find(c, in.Lock.Packages)
		if err != nil {
			return nil, fmt.Errorf("making the SBOM of %q: %w", in.Binary, err)
		}
		part := in.crate(c, p)
		part.deps = append([]int{}, in.Graph.Deps[i]...)
		d.components = append(d.components, part)
	}
	main := &d.components[0]
	main.name, main.sha256 = in.Binary, hex.EncodeToString(in.SHA256[:])
	main.comment = "Built for " + in.Target + " from the crate " + in.Graph.Crates[0].Name + "."
	main.deps = append(main.deps, len(d.components))
	d.components = append(d.components, in.Rust.library())
	d.number()
	return d, nil
}

// NewFile makes the document of a file in the source about whose contents nothing is known.
func NewFile(name, version, target string, sum [sha256.Size]byte, source Source) *Document {
	c := component{
		name: name, version: version, sha256: hex.EncodeToString(sum[:]), download: gitLocation(source.Repository, source.Commit),
		comment: "Taken unchanged from the released repository; what it was built from is unknown.",
	}
	c.purl = packageURL("generic", name, version, map[string]string{"checksum": "sha256:" + c.sha256, "vcs_url": c.download})
	d := &Document{binary: name, target: target, components: []component{c}}
	d.number()
	return d
}

func (in *Input) check() error {
	switch {
	case in.Binary == "":
		return errors.New("it has no name; expected a file's")
	case in.Target == "":
		return errors.New("the target is empty; expected a triple")
	case in.SHA256 == [sha256.Size]byte{}:
		return errors.New("the digest is empty; expected the file's SHA-256")
	case len(in.Graph.Crates) == 0 || len(in.Graph.Deps) != len(in.Graph.Crates):
		return errors.New("the graph is empty; expected at least the crate itself")
	case in.Rust.Release == "":
		return errors.New("the compiler's release is empty; expected one like 1.96.0")
	case in.Rust.Commit != "" && !commit.MatchString(in.Rust.Commit):
		return fmt.Errorf("the compiler's commit %q is not valid; expected 40 hexadecimal digits, or nothing when it is unknown", in.Rust.Commit)
	case in.Source != Source{} && (!commit.MatchString(in.Source.Commit) || gitLocation(in.Source.Repository, in.Source.Commit) == ""):
		return fmt.Errorf("the source %q at commit %q is incomplete; expected a URL and 40 hexadecimal digits, or neither", in.Source.Repository, in.Source.Commit)
	}
	return nil
}

// crate returns the component of a crate, from its manifest and the lock file.
func (in *Input) crate(c Crate, p cargo.Package) component {
	part := component{
		name: c.Name, version: c.Version, license: expression(c.License),
		repository: webURL(c.Repository), sha256: p.Checksum,
	}
	if part.license == "" {
		part.words = strings.TrimSpace(c.License)
	}
	qualifiers := map[string]string{}
	switch locked(p) {
	case fromRegistry:
		qualifiers["repository_url"] = registry(p)
	case fromGit:
		from, at, _ := strings.Cut(strings.TrimPrefix(p.Source, "git+"), "#")
		part.download = gitLocation(from, at)
		qualifiers["vcs_url"] = part.download
	case fromPath:
		part.download = gitLocation(in.Source.Repository, in.Source.Commit)
		qualifiers["vcs_url"] = part.download
	}
	part.purl = packageURL("cargo", c.Name, c.Version, qualifiers)
	return part
}

// library returns the component of the standard library. Its licence is that of its own
// crates.
func (r Rust) library() component {
	c := component{
		name: "rust-std", version: r.Release, license: "MIT OR Apache-2.0",
		download:   gitLocation(rustRepository, r.Commit),
		repository: rustRepository,
		comment:    "The standard library of Rust, linked from the toolchain. What it holds of other parties, such as the C library of a musl target, is not listed.",
	}
	c.purl = packageURL("generic", c.name, c.version, map[string]string{"vcs_url": c.download})
	return c
}

const rustRepository = "https://github.com/rust-lang/rust"

// packageURL returns a package URL with those of the qualifiers that are not empty.
func packageURL(kind, name, version string, qualifiers map[string]string) string {
	maps.DeleteFunc(qualifiers, func(_, value string) bool { return value == "" })
	return packageurl.NewPackageURL(kind, "", name, version, packageurl.QualifiersFromMap(qualifiers), "").String()
}

// number gives each component an ID: its name and version, and a number if that is not
// unique.
func (d *Document) number() {
	seen := map[string]int{}
	for i := range d.components {
		c := &d.components[i]
		c.id = notInID.ReplaceAllString(c.name+"-"+c.version, "-")
		if i == 0 {
			c.id = "binary-" + c.id
		}
		seen[c.id]++
		if n := seen[c.id]; n > 1 {
			c.id = fmt.Sprintf("%s-again-%d", c.id, n)
		}
	}
}

// notInID matches what an SPDX identifier may not contain (SPDX 2.3, 7.2).
var notInID = regexp.MustCompile(`[^A-Za-z0-9.-]`)

// space is the namespace of the documents' UUIDs, generated once at random.
var space = uuid.MustParse("110c1a06-dfda-4ee8-86f0-e139890f9900")

// urn returns the version 5 UUID of a document's bytes as a URN (RFC 9562, sections 4 and
// 5.5).
func urn(content []byte) string {
	return uuid.NewSHA1(space, content).URN()
}
