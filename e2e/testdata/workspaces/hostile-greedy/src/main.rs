fn main() {
    println!("hostile-greedy");
}

#[test]
fn passes() {}
