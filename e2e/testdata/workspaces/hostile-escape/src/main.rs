fn main() {
    println!("hostile-escape");
}
