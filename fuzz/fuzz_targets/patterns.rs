//! Patterns of grants: parsed or refused; what two rules both allow, each of them allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_manifest::{ByteSize, GrantItem, HostPattern, HttpRule, HumanDuration, PathPrefix};

fuzz_target!(|input: (String, String, String, String, String, u16)| {
    let (a, b, path, host, asked, port) = input;
    let _ = (a.parse::<ByteSize>(), a.parse::<HumanDuration>(), a.parse::<GrantItem>());
    let rule = |pattern: &str| {
        let mut rule = HttpRule::host(pattern.parse::<HostPattern>().ok()?);
        rule.path = path.parse::<PathPrefix>().ok();
        Some(rule)
    };
    let (Some(one), Some(other)) = (rule(&a), rule(&b)) else { return };
    let both = one.meet(&other).is_some_and(|met| met.allows("GET", &host, port, &asked));
    assert!(!both || one.allows("GET", &host, port, &asked), "a meet is wider than one of its rules");
    assert!(!both || other.allows("GET", &host, port, &asked), "a meet is wider than one of its rules");
});
