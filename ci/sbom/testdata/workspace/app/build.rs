fn main() {
    build_lib::build();
}
