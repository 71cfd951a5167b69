;; Grows its second memory beyond what the first one has left, and traps when it may not.
(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  ;; A bump allocator: what the host hands over for one call fits a page.
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (memory $second 1)
  (func (export "tandem:plugin/tools@0.1.0#describe") (result i32) unreachable)
  (func (export "tandem:plugin/tools@0.1.0#call") (param i32 i32 i32 i32 i32) (result i32)
    ;; 8 MiB here, then 12 MiB there: each alone is within 16 MiB, together they are not.
    (if (i32.eq (memory.grow 0 (i32.const 128)) (i32.const -1)) (then unreachable))
    (if (i32.eq (memory.grow $second (i32.const 192)) (i32.const -1)) (then unreachable))
    (i32.const 0)))
