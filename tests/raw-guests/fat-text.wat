;; Answers a text that its memory holds, and that is more than one crossing may bring over.
(module
  (memory (export "memory") 200)
  (global $next (mut i32) (i32.const 4096))
  ;; A bump allocator: what the host hands over for one call fits a page.
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "tandem:plugin/tools@0.1.0#describe") (result i32) unreachable)
  (func (export "tandem:plugin/tools@0.1.0#call") (param i32 i32 i32 i32 i32) (result i32)
    ;; ok(tool-output { content: [text(12 MB at 1024)], structured: none })
    (i32.store (i32.const 68) (i32.const 128))
    (i32.store (i32.const 72) (i32.const 1))
    (i32.store (i32.const 132) (i32.const 1024))
    (i32.store (i32.const 136) (i32.const 12000000))
    (i32.const 64)))
