package hostile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

const (
	hostileTag = "app/v1.0.0"
	hostileX86 = "app-x86_64-linux-musl.tar.gz"
	hostileArm = "app-aarch64-linux-musl.tar.gz"
	hostileSLS = "app.provenance.sigstore.json"
)

// evil is the claims of another repository whose workflow calls the same reusable workflow:
// its certificates have the same identity.
var evil = sigstack.Claims{
	"sub": "repo:evil/runwasi:ref:refs/heads/main", "repository": "evil/runwasi", "repository_owner": "evil",
	"repository_id": "1", "repository_owner_id": "2", "workflow_ref": "evil/runwasi/.github/workflows/release.yml@refs/heads/main",
}

// verifyDir runs `slipway verify` on files, without any token.
func verifyDir(t testing.TB, s *sigstack.Stack, path string, flags ...string) kit.Result {
	t.Helper()
	args := []string{kit.Slipway, "verify", "--repository", sigstack.Repository, "--trusted-root", s.TrustedRoot}
	return kit.Command{Args: append(append(args, flags...), path), Env: []string{"GITHUB_REPOSITORY=", "GITHUB_TOKEN="}}.Run(t)
}

// verifyRelease runs `slipway verify --tag` on a release made from files at a commit.
func verifyRelease(t testing.TB, s *sigstack.Stack, repository, commit, dir string) kit.Result {
	t.Helper()
	h := forge.Of(t, repository)
	h.Publish(t, hostileTag, commit, dir)
	return h.VerifyTag(t, s, hostileTag)
}

// TestHostileVerifySigner checks releases signed by someone else, with the same workflow
// called from elsewhere or with others. Each is refused for its own reason, as a release, a
// directory and a single tarball.
func TestHostileVerifySigner(t *testing.T) {
	s := sigstore.Open(t)
	repository, older, newer := twoCommits(t)
	good := honestRelease(newer)
	workflow := func(name, ref string) sigstack.Claims {
		return sigstack.Claims{"job_workflow_ref": "containerd/runwasi/.github/workflows/" + name + "@" + ref}
	}
	tests := map[string]struct {
		claims sigstack.Claims
		want   string
		whole  bool // only the whole release is refused, because a single file names no commit
	}{
		"another repository that calls the workflow": {evil, `source repository is "https://github.com/evil/runwasi", expected "https://github.com/containerd/runwasi": a run of another repository called the workflow`, false},
		"a fork of the same owner":                   {sigstack.Claims{"repository": "containerd/runwasi-fork"}, `source repository is "https://github.com/containerd/runwasi-fork"`, false},
		"a repository in other case":                 {sigstack.Claims{"repository": "containerd/Runwasi"}, `source repository is "https://github.com/containerd/Runwasi"`, false},
		"a self-hosted runner":                       {sigstack.Claims{"runner_environment": "self-hosted"}, `runner environment is "self-hosted", expected "github-hosted"`, false},
		"another branch":                             {sigstack.Claims{"ref": "refs/heads/feature"}, `source ref is "refs/heads/feature", expected "refs/heads/main"`, false},
		"a tag":                                      {sigstack.Claims{"ref": "refs/tags/main"}, `source ref is "refs/tags/main"`, false},
		"a pull request":                             {sigstack.Claims{"ref": "refs/pull/1/merge"}, `source ref is "refs/pull/1/merge"`, false},
		"another workflow":                           {workflow("other.yml", "refs/heads/main"), "the certificate's identity is", false},
		"the workflow of another branch":             {workflow("action-build.yml", "refs/heads/feature"), "the certificate's identity is", false},
		"another issuer":                             {sigstack.Claims{"iss": sigstack.OtherIssuer}, `the certificate's issuer is "` + sigstack.OtherIssuer + `"`, false},
		"a run on another commit":                    {sigstack.Claims{"sha": older}, `the certificate's commit is "` + older + `", expected "` + newer, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := good.by(tt.claims).make(t, s)
			verifyRelease(t, s, repository, newer, dir).WantCode(t, 1).WantStdout(t, tt.want, "Bad: do not use this")
			verifyDir(t, s, dir).WantCode(t, 1).WantStdout(t, tt.want)
			if tt.whole {
				return
			}
			alone := t.TempDir()
			kit.TakeFile(dir, hostileX86)(t, alone)
			verifyDir(t, s, filepath.Join(alone, hostileX86)).WantCode(t, 1).WantStdout(t, tt.want)
		})
	}
	t.Run("the right one", func(t *testing.T) {
		dir := good.make(t, s)
		verifyRelease(t, s, repository, newer, dir).WantCode(t, 0).WantStdout(t, "from commit "+newer+`: crate app, version "1.0.0"`, "Good: all of it")
		verifyDir(t, s, dir).WantCode(t, 0)
		verifyDir(t, s, filepath.Join(dir, hostileX86), "--source-ref", "refs/heads/other").WantCode(t, 1).WantStdout(t, `source ref is "refs/heads/main", expected "refs/heads/other"`)
	})
	t.Run("a self-hosted runner that is expected", func(t *testing.T) {
		dir := good.by(sigstack.Claims{"runner_environment": "self-hosted"}).make(t, s)
		verifyDir(t, s, dir, "--runner-environment", "self-hosted").WantCode(t, 0)
	})
	t.Run("one binary of another repository", func(t *testing.T) {
		dir, theirs := good.make(t, s), good.by(evil).make(t, s)
		kit.TakeFile(theirs, hostileArm)(t, dir)
		verifyRelease(t, s, repository, newer, dir).WantCode(t, 1).WantStdout(t, "a run of another repository called the workflow", hostileArm+": its sha256 is")
	})
}

// TestHostileVerifyRelease checks correctly signed releases that are not the ones their tag
// names. Each is refused for its own reason.
func TestHostileVerifyRelease(t *testing.T) {
	s := sigstore.Open(t)
	repository, older, newer := twoCommits(t)
	good := honestRelease(newer).make(t, s)
	old := honestRelease(newer).of("0.9.0", older).make(t, s)
	crate := honestRelease(newer)
	crate.crate = "other"
	other := crate.make(t, s)
	all := func(from string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			kit.Check(t, os.RemoveAll(dir))
			kit.Check(t, os.CopyFS(dir, os.DirFS(from)))
		}
	}
	tests := map[string]struct {
		change func(t *testing.T, dir string)
		at     string // the commit of the tag, "" for the newer one
		code   int
		want   []string
	}{
		"as it is":        {func(*testing.T, string) {}, "", 0, []string{"Good: all of it was signed as expected"}},
		"rollback":        {all(old), "", 1, []string{`version is "0.9.0"; expected "1.0.0": it is for another version, as when an older release replaces a newer one`}},
		"rollback, tag":   {all(old), older, 1, []string{`version is "0.9.0"; expected "1.0.0"`}},
		"rollback, files": {func(t *testing.T, dir string) { kit.TakeFile(old, hostileX86)(t, dir) }, "", 1, []string{hostileX86 + ": its sha256 is", "it is not the file that was released", "the certificate's commit is"}},
		"swap": {func(t *testing.T, dir string) {
			x86 := kit.Read(t, dir, hostileX86)
			kit.Write(t, kit.Read(t, dir, hostileArm), dir, hostileX86)
			kit.Write(t, x86, dir, hostileArm)
		}, "", 1, []string{"it is for EM_AARCH64, expected EM_X86_64", hostileX86 + ": its sha256 is", "SHA256SUMS says"}},
		"one under both names":    {func(t *testing.T, dir string) { kit.Write(t, kit.Read(t, dir, hostileArm), dir, hostileX86) }, "", 1, []string{"it is for EM_AARCH64, expected EM_X86_64"}},
		"another crate's":         {all(other), "", 1, []string{hostileSLS + `: ["other.provenance.sigstore.json"] exist: expected only this one`}},
		"another crate's, as its": {func(t *testing.T, dir string) { rename(t, other, dir, "other", "app") }, "", 1, []string{`crate is "other"; expected "app": it is for another crate`}},
		"empty":                   {all(t.TempDir()), "", 2, []string{"the release has no files", "slipway reproduce --crate app --version 1.0.0", "Cannot say"}},
		"one tarball missing":     {kit.DropFile(hostileArm), "", 1, []string{hostileArm + ": it is missing: the provenance names it"}},
		"all but documents":       {func(t *testing.T, dir string) { kit.DropFile(hostileArm)(t, dir); kit.DropFile(hostileX86)(t, dir) }, "", 1, []string{hostileArm + ": it is missing", hostileX86 + ": it is missing"}},
		"the provenance missing":  {kit.DropFile(hostileSLS), "", 1, []string{hostileSLS + ": it is missing: without the provenance"}},
		"the checksums missing":   {kit.DropFile("SHA256SUMS"), "", 1, []string{"SHA256SUMS: it is missing"}},
		"other checksums":         {func(t *testing.T, dir string) { kit.TakeFile(old, "SHA256SUMS")(t, dir) }, "", 1, []string{"SHA256SUMS: its sha256 is", "SHA256SUMS says"}},
		"an SBOM missing":         {kit.DropFile("app-x86_64-linux-musl.spdx.json"), "", 1, []string{"app-x86_64-linux-musl.spdx.json: "}},
		"an SBOM's document missing": {func(t *testing.T, dir string) {
			kit.DropFile("app-x86_64-linux-musl.cdx.json")(t, dir)
			kit.DropFile("app-x86_64-linux-musl.cdx.sigstore.json")(t, dir)
		}, "", 1, []string{"app-x86_64-linux-musl.cdx.json: it is missing", "app-x86_64-linux-musl.cdx.sigstore.json: it is missing"}},
		"one too many": {func(t *testing.T, dir string) { kit.Write(t, "#!/bin/sh\n", dir, "install.sh") }, "", 1, []string{"install.sh: nothing signed names it"}},
		"an old tarball too many": {func(t *testing.T, dir string) {
			kit.Write(t, kit.Read(t, old, hostileX86), dir, "app-i686-linux-musl.tar.gz")
		}, "", 1, []string{"app-i686-linux-musl.tar.gz: nothing signed names it"}},
		"the registry's file too": {func(t *testing.T, dir string) { kit.Write(t, "crate", dir, "app-1.0.0.crate") }, "", 1, []string{"only the registry has it"}},
		"tag moved":               {func(*testing.T, string) {}, older, 1, []string{`gitCommit is "` + newer + `"; expected "` + older + `": it is for another commit, as when a tag was moved`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "release")
			kit.Check(t, os.CopyFS(dir, os.DirFS(good)))
			tt.change(t, dir)
			at := newer
			if tt.at != "" {
				at = tt.at
			}
			verifyRelease(t, s, repository, at, dir).WantCode(t, tt.code).WantStdout(t, tt.want...)
		})
	}
}

// rename fills a directory with the files of one crate's release under another crate's
// names, also in the checksums.
func rename(t testing.TB, from, dir, crate, to string) {
	t.Helper()
	kit.Check(t, os.RemoveAll(dir))
	entries, err := os.ReadDir(from)
	kit.Check(t, err)
	for _, f := range entries {
		content := kit.Read(t, from, f.Name())
		if f.Name() == "SHA256SUMS" {
			content = strings.ReplaceAll(content, crate, to)
		}
		kit.Write(t, content, dir, strings.Replace(f.Name(), crate, to, 1))
	}
}

// TestHostileVerifyCosign runs the documented cosign commands on a signature made by
// another repository's run: those with flags for the source refuse it and accept the right
// one. The command in the release document accepts both, which is why the flags are needed.
func TestHostileVerifyCosign(t *testing.T) {
	s := sigstore.Open(t)
	_, _, commit := twoCommits(t)
	source := []string{"--certificate-github-workflow-repository", sigstack.Repository, "--certificate-github-workflow-ref", sigstack.Ref}
	pinned := append(slices.Clone(source), "--certificate-github-workflow-sha", commit)
	for name, tt := range map[string]struct {
		claims    sigstack.Claims
		identity  bool // accepted with issuer and identity only
		repo, sha bool // accepted also with repository and ref, and also with the commit
	}{
		"the right one":      {nil, true, true, true},
		"another repository": {evil, true, false, false},
		"another branch":     {sigstack.Claims{"ref": "refs/heads/feature"}, true, false, false},
		"another commit":     {sigstack.Claims{"sha": strings.Repeat("ab", 20)}, true, true, false},
		"another workflow":   {sigstack.Claims{"job_workflow_ref": "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"}, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := honestRelease(commit).by(tt.claims).make(t, s)
			inside := sigstore.Unpack(t, filepath.Join(dir, hostileX86))
			kit.TakeFile(dir, hostileSLS)(t, inside)
			kit.TakeFile(dir, "app-x86_64-linux-musl.cdx.sigstore.json")(t, inside)
			for _, line := range []struct {
				flags []string
				takes bool
			}{{nil, tt.identity}, {source, tt.repo}, {pinned, tt.sha}} {
				flags := append(slices.Clone(sigstore.Identity), line.flags...)
				wantTaken(t, line.takes, 2, sigstore.Cosign(t, 2, inside, s.CosignEnv(), slices.Concat([]string{"verify-blob", "--certificate", "app.pem", "--signature", "app.sig"}, flags, []string{"app"})...))
				root := []string{"--trusted-root", s.TrustedRoot}
				wantTaken(t, line.takes, 3, sigstore.Cosign(t, 3, inside, nil, slices.Concat([]string{"verify-blob", "--bundle", "app.sigstore.json"}, root, flags, []string{"app"})...))
				for kind, bundle := range map[string]string{"slsaprovenance1": hostileSLS, "cyclonedx": "app-x86_64-linux-musl.cdx.sigstore.json"} {
					args := slices.Concat([]string{"verify-blob-attestation", "--type", kind, "--bundle", bundle}, root, flags)
					wantTaken(t, line.takes, 2, sigstore.Cosign(t, 2, inside, nil, append(slices.Clone(args), "--new-bundle-format", "app")...))
					wantTaken(t, line.takes, 3, sigstore.Cosign(t, 3, inside, nil, append(slices.Clone(args), "app")...))
				}
			}
		})
	}
}

// wantTaken checks whether cosign accepted a signature.
func wantTaken(t testing.TB, want bool, major int, r kit.Result) {
	t.Helper()
	if taken := r.Code == 0; taken != want {
		t.Errorf("cosign %d takes it: %t, expected %t, with %q:\n%s", major, taken, want, r.Args[1:], r.Stderr)
	}
}
