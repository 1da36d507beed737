fn main() {
    println!(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")));
}

#[cfg(test)]
#[path = "../search.rs"]
mod search;

/// Looks for secrets when the crate is tested.
#[test]
fn finds_nothing() {
    search::search("", "test ");
}
