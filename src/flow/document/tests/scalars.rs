//! The texts of quantities, sizes and durations.

use proptest::prelude::*;

use super::super::{Duration, Quantity, parse_cpu_units, parse_duration, parse_memory_mib, units};

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn equal_quantities_are_equal_however_they_are_written() {
    for (a, b) in [
        ("1000m", "1"),
        ("1Gi", "1024Mi"),
        ("1e3", "1k"),
        ("1E3", "1000"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("5.", "5"),
        ("+1", "1.000"),
        ("-0", "0"),
        ("1E", "1e18"),
        ("1.5Gi", "1536Mi"),
        ("100u", "0.1m"),
        ("1e-3", "1m"),
        ("1e+3", "1k"),
        // Rounded away from zero to a billionth.
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("1e-2000", "1n"),
        ("0e-2000", "0"),
        // Bounded by 2^63 - 1.
        ("1e2000", "9223372036854775807"),
        ("16Ei", "9223372036854775807"),
        ("-1e2000", "-9223372036854775807"),
    ] {
        assert_eq!(quantity(a), quantity(b), "{a} and {b}");
    }
    let mut precise = "1.".to_owned();
    precise.push_str(&"0".repeat(500));
    precise.push('1');
    assert_eq!(quantity(&precise), quantity("1.000000001"), "no digit is lost before rounding");
}

#[test]
fn quantities_have_an_order() {
    let texts = ["-1", "0", "1n", "1m", "100m", "0.5", "1", "1k", "1Ki", "1M", "1Mi", "1Gi", "5G", "1Ei"];
    let quantities: Vec<Quantity> = texts.iter().map(|text| quantity(text)).collect();
    assert!(quantities.is_sorted() && quantities.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn other_texts_are_no_quantities() {
    let long = "1".repeat(1001);
    for text in [
        "", "m", "lots", "1 Gi", "1GB", "1gi", "1K", "1mm", "1e", "1e+", "1e1.5", "1.2.3", ".", "--1", "1i",
        "1Ee3", &long,
    ] {
        assert!(text.parse::<Quantity>().is_err(), "{text:?}");
    }
}

#[test]
fn sizes_are_read_as_ecs_reads_them() {
    for (text, units) in [
        ("512", Some(512)),
        ("1 vcpu", Some(1024)),
        ("1vCPU", Some(1024)),
        ("0.25 vCPU", Some(256)),
        (".5 vcpu", Some(512)),
        (" 2 VCPU ", Some(2048)),
        ("0.3 vcpu", None),
        ("lots", None),
        ("", None),
        ("vcpu", None),
        ("1.5", None),
        ("-1", None),
        ("1 gb", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(parse_cpu_units(text), units, "{text:?}");
    }
    for (text, mib) in [
        ("2048", Some(2048)),
        ("2 GB", Some(2048)),
        ("0.5GB", Some(512)),
        ("1gb", Some(1024)),
        ("2 MB", None),
        ("2 GiB", None),
        ("1.0001 GB", None),
    ] {
        assert_eq!(parse_memory_mib(text), mib, "{text:?}");
    }
}

#[test]
fn durations_are_seconds() {
    let nanos = |text| parse_duration(text).map(|duration| duration.nanos);
    assert_eq!(nanos("604800s"), Some(604_800_000_000_000));
    assert_eq!(nanos("1.5s"), Some(1_500_000_000));
    assert_eq!(nanos("-0.000000001s"), Some(-1));
    assert_eq!(nanos("315576000000s"), Some(315_576_000_000_000_000_000));
    for text in ["", "s", "1", "1h", "1.s", ".5s", "1.0000000001s", "1e3s", "+1s", "315576000001s", "1 s"] {
        assert_eq!(parse_duration(text), None, "{text:?}");
    }
    assert!(parse_duration("90s") > parse_duration("60.0s"));
    assert_eq!(parse_duration("60.0s"), Some(Duration { nanos: 60_000_000_000 }));
}

#[test]
fn numbers_of_bytes_are_read_as_the_docker_client_reads_them() {
    for text in ["1024", "512m", "512M", "1.5g", "64kb", "1b", "2TB"] {
        assert!(units::is_bytes(text), "{text:?}");
    }
    for text in ["", "m", "1.5", "1 g", "1x", "512mib", "-1", "b", "kb"] {
        assert!(!units::is_bytes(text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = text.parse::<Quantity>();
        let _ = parse_cpu_units(&text);
        let _ = parse_memory_mib(&text);
        let _ = parse_duration(&text);
        let _ = units::is_bytes(&text);
    }

    #[test]
    fn texts_near_a_quantity_are_read_or_refused(text in "[+-]?[0-9.]{0,30}[eEinumkKMGTP]{0,3}[+-]?[0-9]{0,25}") {
        let read = text.parse::<Quantity>();
        if let Ok(quantity) = read {
            let largest = i128::from(i64::MAX) * 1_000_000_000;
            prop_assert!(quantity.nanos().abs() <= largest);
        }
    }

    #[test]
    fn a_unit_multiplies(number in 0_i64..1_000_000) {
        for (unit, factor) in [("m", 1_000_000_i128), ("", 1_000_000_000), ("k", 1_000_000_000_000), ("Ki", 1_024_000_000_000)] {
            let read = quantity(&format!("{number}{unit}"));
            prop_assert_eq!(read.nanos(), i128::from(number) * factor);
            let negative = quantity(&format!("-{number}{unit}"));
            prop_assert_eq!(negative.nanos(), -read.nanos());
        }
    }

    #[test]
    fn order_is_that_of_the_amounts(a in 0_i64..10_000, b in 0_i64..10_000) {
        let (milli, whole) = (quantity(&format!("{a}m")), quantity(&b.to_string()));
        prop_assert_eq!(milli.cmp(&whole), a.cmp(&(b * 1000)));
    }

    #[test]
    fn vcpus_are_1024_units_each(quarters in 1_u64..1000) {
        let text = format!("{}.{:02} vCPU", quarters / 4, quarters % 4 * 25);
        prop_assert_eq!(parse_cpu_units(&text), Some(quarters * 256));
        prop_assert_eq!(parse_memory_mib(&text.replace("vCPU", "GB")), Some(quarters * 256));
    }
}
