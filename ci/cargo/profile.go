package cargo

// AbortsOnPanic reports whether the release profile has `panic = "abort"`. Cargo ignores it for
// tests and compiles what they need once more (The Cargo Book, "Profiles", panic). A table of
// .cargo/config.toml takes precedence over the root manifest's.
func (w *Workspace) AbortsOnPanic() bool {
	strategy := releaseSetting(w.Config.profiles, "panic")
	if strategy == nil {
		strategy = releaseSetting(w.root.Profile, "panic")
	}
	return strategy == "abort"
}

// releaseSetting returns a setting of the release profile in a table [profile], nil for none.
func releaseSetting(profiles any, key string) any {
	table, _ := profiles.(map[string]any)
	release, _ := table["release"].(map[string]any)
	return release[key]
}
