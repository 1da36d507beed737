package plan

import (
	"path"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
)

// Names of the steps that ask and change a registry.
const (
	StepRegistry = "registry"
	StepOwners   = "owners"
	StepUpload   = "upload"
	StepInvite   = "invite"
)

// OutputIndex is the output of StepRegistry: what cargo keeps of its index.
const OutputIndex = "index"

// SecretRegistryToken is the name of the secret that a registry takes uploads for.
const SecretRegistryToken = "registry-token"

// Actor stands in the arguments of StepInvite for the name of who releases: it is
// known when a release runs, and no plan hangs on it.
const Actor = "{actor}"

// Packaged reports whether the crate is packaged: it goes to a registry, and cargo can.
func (p *Publish) Packaged() bool { return p.Publishable && p.Unpackageable == "" }

// choose settles the registry to publish to.
func (p *Publish) choose(w *cargo.Workspace, c *cargo.Crate) {
	if !p.Publishable {
		return
	}
	p.Registry = w.Registry(c)
	p.Index = w.Config.Indexes[p.Registry]
}

// publish adds the steps that ask and change the registry. None compiles anything,
// and they alone see its token.
func (b *builder) publish() {
	p := &b.plan.Publish
	if p.Registry == "" {
		p.Steps = append(p.Steps, b.askIndex())
	}
	manifest := path.Join(b.workspaceDir(), b.crate.Dir, "Cargo.toml")
	upload := b.withToken(StepUpload, "upload the crate, compiling nothing", "cargo", "publish", "--manifest-path", manifest, "--no-verify", "--locked")
	upload.Mounts, upload.Dir = b.packMounts(empty(cargoHome), onlineTree), confDir // the same package again
	p.Steps = append(p.Steps,
		b.withToken(StepOwners, "ask the registry for the owners of the crate", "cargo", "owner", "--list", b.crate.Name),
		upload,
		b.withToken(StepInvite, "invite whoever releases as an owner of the crate", "cargo", "owner", "--add", Actor, b.crate.Name),
	)
}

// askIndex has cargo read its default registry, so that what it keeps says where
// that is: by its own names and the index's own configuration.
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
		Failure: "cargo cannot read its default registry: look at the network and run again",
	}
}

// withToken makes a step that asks or changes the registry.
func (b *builder) withToken(name, about string, args ...string) step.Step {
	p := &b.plan.Publish
	env := "CARGO_REGISTRY_TOKEN"
	if p.Registry != "" {
		args = append(args, "--registry", p.Registry)
		env = "CARGO_REGISTRIES_" + cargo.EnvName(p.Registry) + "_TOKEN"
	}
	return step.Step{
		Name: name, About: about, Image: b.image, Args: args, Env: b.env(), Dir: srcDir, Network: true, Fresh: true,
		Mounts:  []step.Mount{empty(cargoHome), {Path: srcDir, Tree: "source"}, empty(targetDir)},
		Secrets: []step.Secret{{Env: env, Name: SecretRegistryToken}},
	}
}
