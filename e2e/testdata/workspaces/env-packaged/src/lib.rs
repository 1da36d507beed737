//! A library with a file beside it that nobody meant to publish.

#[test]
fn passes() {}
