;; Typed exports beside an interface of the host: hides and shows its `area`, by the name that it has here.
(module
  (import "tandem:host/events@0.1.0" "set-hidden" (func $set_hidden (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "area")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "area") (result i32) (i32.const 42))
  (func (export "hide") (param $hidden i32) (result i32)
    (call $set_hidden (i32.const 0) (i32.const 8) (i32.const 4) (local.get $hidden) (i32.const 64))
    (i32.eqz (i32.load8_u (i32.const 64)))))
