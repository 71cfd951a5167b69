//! Plugin files of strangers: custom sections and signatures. Nothing that is unsigned is ever opened as signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_manifest::{Package, SignaturePolicy, TrustRoots};

fuzz_target!(|file: &[u8]| {
    let roots = TrustRoots::none();
    let _ = Package::inspect(file, &roots);
    let _ = Package::open(file, &roots, SignaturePolicy::AllowUnsigned);
    assert!(Package::open(file, &roots, SignaturePolicy::Required).is_err(), "nobody is trusted");
    // The same bytes as the custom sections of a component that is otherwise empty.
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend_from_slice(file);
    let _ = Package::inspect(&component, &roots);
    assert!(Package::open(&component, &roots, SignaturePolicy::Required).is_err(), "nobody is trusted");
});
