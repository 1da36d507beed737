/// One.
pub fn one() -> u32 {
    1
}

#[test]
fn is_one() {
    assert_eq!(one(), 1);
}
