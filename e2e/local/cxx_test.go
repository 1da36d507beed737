package local

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

// buildsCXX is a build script that compiles C++ for the target, as the crate cc does, and has
// CMake compile and link a program, which it runs.
const buildsCXX = `use std::{env, fs, process::Command};
fn run(c: &mut Command) -> String {
    let o = c.output().unwrap_or_else(|e| panic!("{c:?}: {e}"));
    assert!(o.status.success(), "{c:?}: {}{}", String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
    String::from_utf8_lossy(&o.stdout).into_owned()
}
fn main() {
    let target = env::var("TARGET").unwrap();
    let of = |name: &str| env::var(format!("{name}_{}", target.replace('-', "_"))).unwrap();
    let out = env::var("OUT_DIR").unwrap();
    let at = |name: &str| format!("{out}/{name}");
    run(Command::new(of("CXX")).args(["-std=c++17", "-O2", "-fPIC", "-Wall", "-Werror", "-ffunction-sections", "-c", "src/lib.cpp", "-o", &at("lib.o")]));
    run(Command::new(of("AR")).args(["crs", &at("libcxx.a"), &at("lib.o")]));
    println!("cargo:rustc-link-search=native={out}\ncargo:rustc-link-lib=static=cxx\ncargo:rustc-link-lib=stdc++");
    fs::create_dir_all(at("cmake")).unwrap();
    fs::write(at("cmake/CMakeLists.txt"), "cmake_minimum_required(VERSION 3.10)\nproject(p CXX)\nset(CMAKE_CXX_STANDARD 17)\nadd_executable(p p.cpp)\ntarget_link_libraries(p -static)\n").unwrap();
    fs::write(at("cmake/p.cpp"), "#include <iostream>\nint main() { try { throw 7; } catch (int n) { std::cout << n; } }\n").unwrap();
    run(Command::new("cmake").args(["-S", &at("cmake"), "-B", &at("cmake/build"), &format!("-DCMAKE_CXX_COMPILER={}", of("CXX")), "-DCMAKE_SYSTEM_NAME=Linux"]));
    run(Command::new("cmake").args(["--build", &at("cmake/build")]));
    let mut program = if target.starts_with("aarch64") { Command::new("qemu-aarch64-static") } else { Command::new("env") };
    assert_eq!(run(program.arg(at("cmake/build/p"))), "7");
}
`

// usesCXX throws across threads, formats with streams and uses what is in the library itself.
const usesCXX = `#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Base { virtual ~Base() = default; };
struct Derived : Base { int n = 1; };
struct Counted { std::atomic<int> &n; ~Counted() { n++; } };
static thread_local std::string own = "own";

extern "C" int answer() try {
    std::atomic<int> destroyed{0};
    std::vector<std::future<int>> results;
    for (int i = 0; i < 8; i++)
        results.push_back(std::async(std::launch::async, [i, &destroyed]() -> int {
            Counted c{destroyed};
            own += std::to_string(i);
            if (own.size() != 4) return 0;
            if (i % 2) throw std::out_of_range("odd");
            return 1;
        }));
    int sum = 0;
    for (auto &r : results) {
        try { sum += r.get(); } catch (const std::out_of_range &e) { sum += std::string(e.what()) == "odd" ? 2 : 0; }
    }
    std::mutex m; std::condition_variable ready; bool done = false;
    std::thread t([&] { std::lock_guard<std::mutex> l(m); done = true; ready.notify_one(); });
    { std::unique_lock<std::mutex> l(m); if (!ready.wait_for(l, std::chrono::seconds(60), [&] { return done; })) return -1; }
    t.join();
    std::unique_ptr<Base> b = std::make_unique<Derived>();
    sum += dynamic_cast<Derived &>(*b).n;
    std::ostringstream words; words << std::hex << 255 << ' ' << 1.5;
    if (words.str() != "ff 1.5" || !std::regex_match("abc123", std::regex("[a-z]+[0-9]+"))) return -2;
    if (!std::filesystem::is_directory("/proc") || destroyed != 8) return -3;
    std::map<std::string, double> mean; std::mt19937_64 random(7);
    for (int i = 0; i < 100; i++) mean["x"] += std::uniform_real_distribution<>(0, 1)(random);
    std::cout << "cout works" << std::endl;
    return mean["x"] > 0 ? sum + 29 : -4; // 4 + 8 + 1 + 29
} catch (...) { return -5; }
`

// TestLocalCXX checks that C++ is compiled for both targets, linked statically and run.
func TestLocalCXX(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "", map[string]string{
		"build.rs": buildsCXX, "src/lib.cpp": usesCXX,
		"src/lib.rs":  "extern \"C\" { fn answer() -> i32; }\npub fn f() -> i32 { unsafe { answer() } }\n#[test]\nfn answers() { assert_eq!(f(), 42); }\n#[test]\nfn panics_unwind() { assert!(std::panic::catch_unwind(|| { f(); panic!() }).is_err()); }\n",
		"src/main.rs": "fn main() { assert_eq!(one::f(), 42); }\n",
	})
	got := w.Test(t, r).WantCode(t, 0)
	got.WantStdout(t, kit.X8664+": 2 passed", kit.AArch64+": 2 passed")
}
