;; The smallest command for wasm32-wasip1 that can be seen to run: it prints one line.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit"
    (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; One buffer, as fd_write takes it: where the text is and how long.
  (data (i32.const 0) "\08\00\00\00\0b\00\00\00hello wasi\n")
  (func (export "_start")
    (local $errno i32)
    (local.tee $errno
      (call $fd_write
        (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))
    (if (then (call $proc_exit (local.get $errno)))))
)
