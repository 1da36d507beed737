package plan

import (
	"path"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
)

// Names of the steps that query and change a registry.
const (
	StepRegistry = "registry"
	StepOwners   = "owners"
	StepUpload   = "upload"
	StepInvite   = "invite"
)

// OutputIndex is the output of StepRegistry: cargo's local copy of the registry's index.
const OutputIndex = "index"

// SecretRegistryToken is the name of the secret that authorises uploads to the registry.
const SecretRegistryToken = "registry-token"

// actor is a placeholder in the arguments of StepInvite for the name of the person releasing. It
// is only known when a release runs, so the plan does not include it: see [Publish.Invite].
const actor = "{actor}"

// Step returns the step of that name.
func (p *Publish) Step(name string) step.Step {
	return p.Steps[slices.IndexFunc(p.Steps, func(s step.Step) bool { return s.Name == name })]
}

// Invite returns the step that invites a user as an owner of the crate.
func (p *Publish) Invite(user string) step.Step {
	s := p.Step(StepInvite)
	s.Args = slices.Clone(s.Args)
	s.Args[slices.Index(s.Args, actor)] = user
	return s
}

// Packaged reports whether the crate is packaged: it goes to a registry, and cargo can package
// it.
func (p *Publish) Packaged() bool { return p.Publishable && p.Unpackageable == "" }

// choose sets the registry to publish to.
func (p *Publish) choose(w *cargo.Workspace, c *cargo.Crate) {
	if !p.Publishable {
		return
	}
	p.Registry = w.Registry(c)
	p.Index = w.Config.Indexes[p.Registry]
}

// publish adds the steps that query and change the registry. None of them compiles anything, and
// no others see the registry's token.
func (b *builder) publish() {
	p := &b.plan.Publish
	if p.Registry == "" {
		p.Steps = append(p.Steps, b.askIndex())
	}
	manifest := path.Join(b.workspaceDir(), b.crate.Dir, "Cargo.toml")
	upload := b.withToken(StepUpload, "upload the crate without compiling it", "cargo", "publish", "--manifest-path", manifest, "--no-verify", "--locked")
	upload.Mounts, upload.Dir = b.packMounts(empty(cargoHome), onlineTree), confDir // cargo packages again, from the same mounts
	p.Steps = append(p.Steps,
		b.withToken(StepOwners, "ask the registry for the owners of the crate", "cargo", "owner", "--list", b.crate.Name),
		upload,
		b.withToken(StepInvite, "invite the releasing user as an owner of the crate", "cargo", "owner", "--add", actor, b.crate.Name),
	)
}

// askIndex returns a step in which cargo reads its default registry. The files it keeps show the
// registry's address, by their names and the index's own configuration.
func (b *builder) askIndex() step.Step {
	const probe = "probe"
	b.plan.Trees = append(b.plan.Trees, step.Tree{Name: probe, Files: step.Files{
		"Cargo.toml": "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\npublish = false\n\n[dependencies]\ncfg-if = \"1\"\n",
		"src/lib.rs": "\n",
	}})
	return step.Step{
		Name: StepRegistry, About: "ask cargo for its default registry", Image: b.image,
		Args: []string{"cargo", "generate-lockfile"}, Env: b.env(), Dir: srcDir, Network: true, Fresh: true, Quiet: true,
		Mounts:  []step.Mount{empty(cargoHome), {Path: srcDir, Tree: probe}},
		Outputs: []step.Output{{Name: OutputIndex, Path: path.Join(cargoHome, "registry", "index"), Dir: true}},
		Failure: "cargo cannot read its default registry: check the network and run again",
	}
}

// withToken returns a step that queries or changes the registry with its token.
func (b *builder) withToken(name, about string, args ...string) step.Step {
	p := &b.plan.Publish
	env := "CARGO_REGISTRY_TOKEN"
	if p.Registry != "" {
		args = append(args, "--registry", p.Registry)
		env = "CARGO_REGISTRIES_" + cargo.EnvName(p.Registry) + "_TOKEN"
	}
	return step.Step{
		Name: name, About: about, Image: b.image, Args: args, Env: b.env(), Dir: b.dir(), Network: true, Fresh: true,
		Mounts:  []step.Mount{empty(cargoHome), {Path: srcDir, Tree: "source"}, empty(targetDir)},
		Secrets: []step.Secret{{Env: env, Name: SecretRegistryToken}},
	}
}
