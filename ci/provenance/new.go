package provenance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"dagger/slipway/ci/gitref"
	"dagger/slipway/ci/quote"
)

// Names of the resources that every statement has.
const (
	nameSource    = "source"
	nameToolchain = "toolchain"
	nameRecipe    = "toolchain-recipe"
	nameChannel   = "rust-channel"
	nameLock      = "Cargo.lock"
	namePlan      = "plan.json"
)

// Input is what provenance is made from.
type Input struct {
	// Subjects holds the released files by name. If targets have files of the same name, the
	// target comes first: x86_64-unknown-linux-musl/my-shim.
	Subjects   map[string][sha256.Size]byte
	Parameters Parameters
	// Commit is the source commit in hexadecimal. It is "" if there is no repository or if
	// files differ from the commit: then naming one would be wrong.
	Commit    string
	Toolchain Image
	Lock      [sha256.Size]byte // Cargo.lock
	Plan      [sha256.Size]byte // the plan's JSON
	// Channel is the release of Rust that slipway made the toolchain image with, nil for Debian's
	// or another image.
	Channel    *Channel
	Rust       string // the compiler's release, or ""
	RustCommit string // the commit that the compiler says it was built from, or ""
	Builder    Builder
	Run        Run
}

// Image is a container image.
type Image struct {
	Reference string // as named in the plan
	// Digest is "sha256:" and 64 hexadecimal digits: the digest of the manifest, or if Recipe
	// is set, of the recipe from which slipway made the image.
	Digest string
	Recipe bool
}

// Channel is a release of Rust, as rustup's distribution server has it.
type Channel struct {
	Name     string
	URI      string // of its manifest on the default server, whichever was asked
	Manifest string // its SHA-256 in hexadecimal
}

// Run identifies the run that built. In a dry run it is empty, so that the statement has
// the same bytes wherever it is made.
type Run struct {
	ID       string
	Started  time.Time
	Finished time.Time
}

// New makes the statement. It returns an error if something is missing that verifiers ask
// for, or if the repository's URL contains a user name, which may be a token.
func New(in Input) (Statement, error) {
	if err := in.check(); err != nil {
		return Statement{}, fmt.Errorf("making the provenance of %s: %w", in.Parameters.about(), err)
	}
	s := Statement{Type: StatementType, PredicateType: PredicateType}
	for _, name := range slices.Sorted(maps.Keys(in.Subjects)) {
		s.Subject = append(s.Subject, Resource{Name: name, Digest: digest(in.Subjects[name])})
	}
	parameters := in.Parameters
	parameters.Targets = slices.Sorted(slices.Values(parameters.Targets))
	s.Predicate.BuildDefinition = BuildDefinition{
		BuildType: BuildType, ExternalParameters: parameters,
		InternalParameters: Internal{Rust: in.Rust, RustCommit: in.RustCommit}, ResolvedDependencies: in.dependencies(),
	}
	s.Predicate.RunDetails = RunDetails{
		Builder:    Builder{ID: in.Builder.ID, Version: maps.Clone(in.Builder.Version)},
		Metadata:   Metadata{InvocationID: in.Run.ID, StartedOn: timestamp(in.Run.Started), FinishedOn: timestamp(in.Run.Finished)},
		Byproducts: []Resource{{Name: namePlan, MediaType: "application/json", Digest: digest(in.Plan)}},
	}
	return s, nil
}

// about describes what is released, for people.
func (p Parameters) about() string {
	if p.Image != "" {
		return "image " + quote.Line(p.Image)
	}
	return "crate " + quote.Line(p.Crate)
}

func (in *Input) check() error {
	p := in.Parameters
	switch {
	case len(in.Subjects) == 0:
		return errors.New("there are no subjects; expected the released files")
	case p.Crate == "" && p.File == "" || p.Version == "" || len(p.Targets) == 0:
		return fmt.Errorf("crate %s, version %s, %d targets: expected all three", quote.Line(p.Crate), quote.Line(p.Version), len(p.Targets))
	case p.File != "" && (p.Image == "" || p.Crate != ""):
		return fmt.Errorf("file %s, image %s, crate %s: expected a file in an image, and no crate", quote.Line(p.File), quote.Line(p.Image), quote.Line(p.Crate))
	case in.Lock == [sha256.Size]byte{} || in.Plan == [sha256.Size]byte{}:
		return errors.New("the digest of Cargo.lock or of the plan is empty; expected both")
	case (p.Repository == "") != (p.Ref == ""):
		return fmt.Errorf("repository %s, ref %s: expected both or neither", quote.Line(p.Repository), quote.Line(p.Ref))
	}
	for name, sum := range in.Subjects {
		if name == "" || sum == [sha256.Size]byte{} {
			return fmt.Errorf("subject %s has no name or no digest; expected both", quote.Line(name))
		}
	}
	if !absolute(in.Builder.ID) {
		return fmt.Errorf("the builder %s is not an absolute URI; expected one that identifies the builder", quote.Line(in.Builder.ID))
	}
	if _, err := in.Toolchain.sha256(); err != nil && p.File == "" {
		return err
	}
	if c := in.Channel; c != nil {
		if _, err := ParseDigest(c.Manifest); err != nil || !absolute(c.URI) {
			return fmt.Errorf("the manifest of Rust's channel %s has digest %s and URI %s; expected a SHA-256 and an absolute URI", quote.Line(c.Name), quote.Line(c.Manifest), quote.Line(c.URI))
		}
	}
	if in.Run.Finished.Before(in.Run.Started) && !in.Run.Finished.IsZero() {
		return fmt.Errorf("it finished at %s, before it started at %s", timestamp(in.Run.Finished), timestamp(in.Run.Started))
	}
	return in.checkSource()
}

func (in *Input) checkSource() error {
	if in.Commit != "" {
		if err := gitref.CheckCommit(in.Commit); err != nil {
			return err
		}
	}
	p := in.Parameters
	if p.Repository == "" {
		return nil
	}
	if !strings.HasPrefix(p.Ref, "refs/") {
		return fmt.Errorf("the ref %s is not a full ref; expected one like refs/heads/main", quote.Line(p.Ref))
	}
	u, err := url.Parse(p.Repository)
	if err != nil || !absolute(p.Repository) || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("the repository %s is not an absolute URL; expected one like https://host/owner/name", quote.Line(p.Repository))
	}
	if _, secret := u.User.Password(); secret || u.User != nil && u.Scheme != "ssh" {
		return errors.New("the repository's URL names a user, which may be a token; expected a URL without")
	}
	return nil
}

// dependencies returns the source, the toolchain and the lock file.
func (in *Input) dependencies() []Resource {
	var list []Resource
	if in.Commit != "" {
		list = append(list, Resource{
			Name: nameSource, URI: sourceURI(in.Parameters),
			Digest: map[string]string{"gitCommit": in.Commit},
		})
	}
	if in.Parameters.File != "" { // nothing was built
		return list
	}
	image, err := in.Toolchain.sha256()
	if err != nil {
		panic(err) // cannot happen: check has parsed it
	}
	list = append(list, Resource{Name: in.Toolchain.resource(), URI: in.Toolchain.purl(), Digest: map[string]string{"sha256": image}})
	if c := in.Channel; c != nil {
		list = append(list, Resource{Name: nameChannel, URI: c.URI, Digest: map[string]string{"sha256": c.Manifest}})
	}
	return append(list, Resource{Name: nameLock, Digest: digest(in.Lock)})
}

// sourceURI returns the location of the source, in the form of SPDX download locations for
// git (SPDX 2.3, 7.7).
func sourceURI(p Parameters) string {
	if p.Repository == "" {
		return ""
	}
	return "git+" + p.Repository + "@" + p.Ref
}

func (i Image) sha256() (string, error) {
	hexadecimal, ok := strings.CutPrefix(i.Digest, "sha256:")
	if raw, err := hex.DecodeString(hexadecimal); !ok || err != nil || len(raw) != sha256.Size || hexadecimal != strings.ToLower(hexadecimal) {
		return "", fmt.Errorf("the toolchain %s has digest %s; expected \"sha256:\" and 64 hexadecimal digits", quote.Line(i.Reference), quote.Line(i.Digest))
	}
	return hexadecimal, nil
}

// purl returns the image as a package URL of type oci. If the reference names no registry
// there is no repository_url, because the runner decides which registry is used.
func (i Image) purl() string {
	repository, _, _ := strings.Cut(i.Reference, "@")
	tag := ""
	if at := strings.LastIndex(repository, ":"); at > strings.LastIndex(repository, "/") {
		repository, tag = repository[:at], repository[at+1:]
	}
	if i.Recipe {
		return packageurl.NewPackageURL("generic", "", strings.ReplaceAll(repository, "/", "-"), tag, nil, "").String()
	}
	host, _, path := strings.Cut(repository, "/")
	name := strings.ToLower(repository[strings.LastIndex(repository, "/")+1:])
	var qualifiers packageurl.Qualifiers
	if path && (strings.ContainsAny(host, ".:") || host == "localhost") {
		qualifiers = append(qualifiers, packageurl.Qualifier{Key: "repository_url", Value: repository})
	}
	if tag != "" {
		qualifiers = append(qualifiers, packageurl.Qualifier{Key: "tag", Value: tag})
	}
	return packageurl.NewPackageURL("oci", "", cmp.Or(name, nameToolchain), i.Digest, qualifiers, "").String()
}

// resource returns the image's name among the dependencies.
func (i Image) resource() string {
	if i.Recipe {
		return nameRecipe
	}
	return nameToolchain
}

func digest(sum [sha256.Size]byte) map[string]string {
	return map[string]string{"sha256": hex.EncodeToString(sum[:])}
}

// timestamp formats an in-toto Timestamp: RFC 3339 in UTC, to the second.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func absolute(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "")
}
