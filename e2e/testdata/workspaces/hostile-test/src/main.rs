fn main() {
    println!(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")));
}

#[cfg(test)]
mod attack;

#[test]
fn passes_while_it_overwrites() {
    attack::overwrite(&[]);
}
