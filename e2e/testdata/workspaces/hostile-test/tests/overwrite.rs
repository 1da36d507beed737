#[path = "../src/attack.rs"]
mod attack;

#[test]
fn passes_while_it_overwrites() {
    attack::overwrite(&[env!("CARGO_BIN_EXE_hostile-test")]);
}
