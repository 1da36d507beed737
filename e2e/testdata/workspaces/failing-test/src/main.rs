fn main() {
    println!(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")));
}

#[cfg(test)]
mod tests {
    #[test]
    fn passes() {
        assert_eq!(env!("CARGO_PKG_NAME"), "failing-test");
    }

    #[test]
    fn fails() {
        panic!("this test fails on purpose");
    }
}
