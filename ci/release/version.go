package release

// Version is slipway's own version, as recorded in the provenance. "-dev" marks a state before
// that release.
const Version = "0.1.0-dev"
