// Linked for the host, so that the host's linker counts too.
fn main() {}
