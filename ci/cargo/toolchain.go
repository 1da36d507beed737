package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/tomlfile"
)

// Toolchain is the content of a rust-toolchain.toml (The rustup book, "Overrides").
type Toolchain struct {
	Channel    string   `toml:"channel"`
	Path       string   `toml:"path"`
	Profile    string   `toml:"profile"`
	Components []string `toml:"components"`
	Targets    []string `toml:"targets"`

	file    string
	line    int    // of the channel or the path
	unknown string // the file's channel if it is none that rustup has
}

// File returns the name of the file, "" if the workspace has none.
func (t Toolchain) File() string { return t.file }

// Line returns the line that names the toolchain, counted from 1, or 0 if none does.
func (t Toolchain) Line() int { return t.line }

// check reports a toolchain that exists only on some machine: a directory, or a name that is no
// channel of rustup's.
func (t Toolchain) check() finding.List {
	what := ""
	switch {
	case t.Path != "":
		what = fmt.Sprintf("toolchain path %q is on one machine only", t.Path)
	case t.unknown != "":
		what = fmt.Sprintf("channel %s is not supported: expected a version, or stable, beta, nightly with an optional date", quote.Line(t.unknown))
	default:
		return nil
	}
	return finding.List{{
		Stops: finding.Release, File: t.file, Line: t.line, What: what,
		Do: "name a channel, like channel = \"1.96.0\"; a dry run builds with what the image has",
	}}
}

var channelForm = regexp.MustCompile(`^(stable|beta|nightly|[0-9]+\.[0-9]+(\.[0-9]+)?)(-[0-9]{4}-[0-9]{2}-[0-9]{2})?$`)

// CheckChannel returns an error unless rustup has channels of that form.
func CheckChannel(channel string) error {
	if !channelForm.MatchString(channel) {
		return fmt.Errorf("checking channel %s: expected a version such as 1.86.0, or stable, beta, nightly with an optional date", quote.Line(channel))
	}
	return nil
}

// CheckStandsFor returns an error unless the toolchain file's channel may stand for another, as
// "stable" does for "1.97.1", and "nightly" for "nightly-2026-05-01". A workspace without a
// toolchain file is for any.
func (t Toolchain) CheckStandsFor(channel string) error {
	if err := CheckChannel(channel); err != nil || t.Channel == "" || t.Channel == channel {
		return err
	}
	name, _, dated := strings.Cut(channel, "-")
	if dated && name == t.Channel || strings.Count(channel, ".") == 2 && t.Accepts(channel) {
		return nil
	}
	return fmt.Errorf("checking channel %q (--channel): %q asks for %q, which never stands for that", channel, t.file, t.Channel)
}

// readToolchain reads the toolchain file of the workspace root or else of the nearest of the
// directories above, as rustup does.
func readToolchain(fsys fs.FS, above []string) (Toolchain, error) {
	var names []string
	for _, dir := range append([]string{"."}, above...) {
		// rustup prefers the older name if both exist
		names = append(names, path.Join(dir, "rust-toolchain"), path.Join(dir, "rust-toolchain.toml"))
	}
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Toolchain{}, fmt.Errorf("reading %q: %w", name, err)
		}
		t, err := parseToolchain(string(raw))
		if err != nil {
			return Toolchain{}, fmt.Errorf("reading %q: %w", name, err)
		}
		t.file = name
		return t, nil
	}
	return Toolchain{}, nil
}

func parseToolchain(text string) (Toolchain, error) {
	var file struct {
		Toolchain Toolchain `toml:"toolchain"`
	}
	if line := strings.TrimSpace(text); !strings.ContainsAny(line, "\n=[") {
		file.Toolchain.Channel, file.Toolchain.line = line, 1 // the legacy format: one line with the channel
	} else if err := tomlfile.Unmarshal([]byte(text), &file); err != nil {
		return Toolchain{}, err
	} else {
		key := "channel"
		if file.Toolchain.Path != "" {
			key = "path"
		}
		file.Toolchain.line = tomlfile.Lines([]byte(text))("toolchain", key)
	}
	t := file.Toolchain
	if t.Channel != "" && !channelForm.MatchString(t.Channel) {
		t.unknown, t.Channel = t.Channel, ""
	}
	return t, nil
}

// Accepts reports whether a compiler of the given release ("1.96.0", "1.97.0-nightly") satisfies
// the toolchain file. The channel "stable" accepts every stable release, "1.96" every patch
// release of it.
func (t Toolchain) Accepts(release string) bool {
	number, pre, _ := strings.Cut(release, "-")
	switch channel, _, dated := strings.Cut(t.Channel, "-"); channel {
	case "":
		return true
	case "stable":
		return pre == "" && !dated
	case "beta", "nightly":
		return strings.HasPrefix(pre, channel) && !dated // a release does not show its date
	default:
		return pre == "" && (number == channel || strings.HasPrefix(number, channel+".") && strings.Count(channel, ".") == 1)
	}
}

// Cross is the part of a Cross.toml that names images (cross-rs, "Configuration").
type Cross struct {
	Target map[string]CrossTarget `toml:"target"`
}

// CrossTarget says how cross would build for one target.
type CrossTarget struct {
	Image      any             `toml:"image"` // a reference, or a table with a name
	Dockerfile any             `toml:"dockerfile"`
	PreBuild   any             `toml:"pre-build"`
	Env        *map[string]any `toml:"env"`
}

// ImageName returns the image that Cross.toml names for a target, "" for none.
func (c Cross) ImageName(target string) string {
	switch image := c.Target[target].Image.(type) {
	case string:
		return image
	case map[string]any:
		name, _ := image["name"].(string)
		return name
	}
	return ""
}

// Dockerfile returns the file that Cross.toml builds a target's image from, "" for none.
func (c Cross) Dockerfile(target string) string {
	switch file := c.Target[target].Dockerfile.(type) {
	case string:
		return file
	case map[string]any:
		name, _ := file["file"].(string)
		return name
	}
	return ""
}

func readCross(fsys fs.FS) (Cross, error) {
	var c Cross
	raw, err := fs.ReadFile(fsys, "Cross.toml")
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = tomlfile.Unmarshal(raw, &c)
	}
	if err != nil {
		return c, fmt.Errorf("reading %q: %w", "Cross.toml", err)
	}
	return c, nil
}
