pub fn run() {}
pub fn build() {}
