fn main() {
    kernel::run();
    left::run();
    right::run();
}
