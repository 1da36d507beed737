fn main() {
    println!("shipped");
}
