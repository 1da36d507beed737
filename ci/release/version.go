package release

// Version is slipway's own, as provenance names it: "-dev" is what comes before
// that release.
const Version = "0.1.0-dev"
