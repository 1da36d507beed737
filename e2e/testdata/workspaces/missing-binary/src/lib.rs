//! So that there is something to build and to test.

#[test]
fn passes() {}
