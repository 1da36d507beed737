fn main() {
    println!("a helper of the tests");
}
