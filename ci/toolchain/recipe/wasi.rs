//! The functions that Rust's standard library calls and Debian's wasi-libc, of
//! 2022, does not have. Threads cannot be started; chmod, fchmod and realpath
//! are not supported.
#![no_std]
#![feature(thread_local)]

use core::ffi::{c_char, c_int, c_void};

const EAGAIN: c_int = 6;
const ENOSYS: c_int = 52;

unsafe extern "C" {
    #[thread_local]
    static mut errno: c_int;
}

fn unsupported() -> c_int {
    unsafe { errno = ENOSYS };
    -1
}

#[unsafe(no_mangle)]
extern "C" fn pthread_attr_init(_attr: *mut c_void) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_attr_destroy(_attr: *mut c_void) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_attr_setstacksize(_attr: *mut c_void, _size: usize) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_create(
    _thread: *mut c_void,
    _attr: *const c_void,
    _start: *const c_void,
    _arg: *mut c_void,
) -> c_int {
    EAGAIN
}

#[unsafe(no_mangle)]
extern "C" fn pthread_join(_thread: *mut c_void, _value: *mut *mut c_void) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_detach(_thread: *mut c_void) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn chmod(_path: *const c_char, _mode: u32) -> c_int {
    unsupported()
}

#[unsafe(no_mangle)]
extern "C" fn fchmod(_fd: c_int, _mode: u32) -> c_int {
    unsupported()
}

#[unsafe(no_mangle)]
extern "C" fn realpath(_path: *const c_char, _resolved: *mut c_char) -> *mut c_char {
    unsupported();
    core::ptr::null_mut()
}
