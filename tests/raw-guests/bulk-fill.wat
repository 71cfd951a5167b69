;; Fills and moves 240 MiB again and again: one instruction takes many milliseconds.
(module
  (memory (export "memory") 3840)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "tandem:plugin/tools@0.1.0#describe") (result i32) unreachable)
  (func (export "tandem:plugin/tools@0.1.0#call") (param i32 i32 i32 i32 i32) (result i32)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 251658240))
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 251658239))
      (br $again))
    unreachable))
