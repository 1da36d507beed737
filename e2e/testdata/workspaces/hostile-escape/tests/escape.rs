//! The same attempts, as a test.

include!("../attempts.rs");

#[test]
fn stays_inside() {
    let mut broke_out = Vec::new();
    for (what, result) in attempts() {
        match result {
            Ok(()) => broke_out.push(format!("HOSTILE: test {what}")),
            Err(why) => println!("BLOCKED: test {what}: {why}"),
        }
    }
    assert!(broke_out.is_empty(), "\n{}", broke_out.join("\n"));
}
