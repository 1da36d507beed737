//! Outside every workspace under test; see workspaces/path-outside.
