//! Both binaries are there for tests.

#[test]
fn both_are_built() {
    for (binary, name) in [
        (env!("CARGO_BIN_EXE_unshipped-binary"), "unshipped-binary"),
        (env!("CARGO_BIN_EXE_helper"), "helper"),
    ] {
        assert!(std::path::Path::new(binary).ends_with(name));
        assert!(std::fs::metadata(binary).unwrap().len() > 0);
    }
}
