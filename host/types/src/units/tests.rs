use proptest::prelude::*;

use super::*;

#[test]
fn sizes_read_and_print() {
    for (text, bytes, printed) in [
        ("64MiB", 64 << 20, "64MiB"),
        ("512KiB", 512 << 10, "512KiB"),
        ("1024KiB", 1 << 20, "1MiB"),
        ("1KB", 1_000, "1000B"),
        ("2MB", 2_000_000, "2000000B"),
        ("0", 0, "0B"),
        ("77", 77, "77B"),
    ] {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!((size.as_u64(), size.to_string().as_str()), (bytes, printed), "{text}");
    }
}

#[test]
fn durations_read_and_print() {
    for (text, millis, printed) in [
        ("30s", 30_000, "30s"),
        ("120s", 120_000, "2m"),
        ("50ms", 50, "50ms"),
        ("5m", 300_000, "5m"),
        ("1h", 3_600_000, "1h"),
        ("0s", 0, "0ms"),
    ] {
        let duration: HumanDuration = text.parse().unwrap();
        assert_eq!((duration.as_millis(), duration.to_string().as_str()), (millis, printed), "{text}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let size = |text: &str| text.parse::<ByteSize>().unwrap_err();
    let duration = |text: &str| text.parse::<HumanDuration>().unwrap_err();
    assert!(matches!(size("-1MiB"), UnitError::Sign { .. }));
    assert!(matches!(size("1.5MiB"), UnitError::Unit { .. }));
    assert!(matches!(size("64 MiB"), UnitError::Unit { .. }));
    assert!(matches!(size("64mib"), UnitError::Unit { .. }));
    assert!(matches!(size("MiB"), UnitError::Number { .. }));
    assert!(matches!(size(""), UnitError::Number { .. }));
    assert!(matches!(size("99999999999999999999"), UnitError::Overflow { .. }));
    assert!(matches!(size("18446744073709551615TiB"), UnitError::Overflow { .. }));
    assert!(matches!(size("9007199254740992"), UnitError::Overflow { .. }));
    assert!(matches!(duration("-5s"), UnitError::Sign { .. }));
    assert!(matches!(duration("5"), UnitError::Unit { .. }));
    assert!(matches!(duration("1h30m"), UnitError::Unit { .. }));
    assert!(matches!(duration("8761h"), UnitError::Overflow { .. }));
}

#[test]
fn json_takes_text_and_whole_bytes() {
    assert_eq!(serde_json::from_str::<ByteSize>("4096").unwrap(), ByteSize::kib(4));
    assert_eq!(serde_json::to_string(&ByteSize::mib(4)).unwrap(), "\"4MiB\"");
    assert!(serde_json::from_str::<ByteSize>("-1").is_err());
    assert!(serde_json::from_str::<ByteSize>("1.5").is_err());
    assert!(serde_json::from_str::<HumanDuration>("30").is_err());
}

proptest! {
    #[test]
    fn a_size_survives_its_text(bytes in 0..=ByteSize::MAX.as_u64()) {
        let size = ByteSize::bytes(bytes);
        prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
        let json = serde_json::to_string(&size).unwrap();
        prop_assert_eq!(serde_json::from_str::<ByteSize>(&json).unwrap(), size);
    }

    #[test]
    fn a_duration_survives_its_text(millis in 0..=HumanDuration::MAX.as_millis()) {
        let duration: HumanDuration = format!("{millis}ms").parse().unwrap();
        prop_assert_eq!(duration.as_millis(), millis);
        prop_assert_eq!(duration.to_string().parse::<HumanDuration>().unwrap(), duration);
        let json = serde_json::to_string(&duration).unwrap();
        prop_assert_eq!(serde_json::from_str::<HumanDuration>(&json).unwrap(), duration);
    }

    #[test]
    fn any_text_gives_a_value_or_an_error(text in ".{0,40}") {
        let _ = text.parse::<ByteSize>();
        let _ = text.parse::<HumanDuration>();
    }

    #[test]
    fn a_number_with_a_unit_is_exact_or_refused(number in any::<u64>(), unit in "(KiB|MiB|GiB|KB|MB|TiB)") {
        let factor = SIZE.units.iter().find(|(name, _)| *name == unit).unwrap().1;
        match format!("{number}{unit}").parse::<ByteSize>() {
            Ok(size) => prop_assert_eq!(u128::from(size.as_u64()), u128::from(number) * u128::from(factor)),
            Err(error) => prop_assert!(matches!(error, UnitError::Overflow { .. }), "{}", error),
        }
    }
}
