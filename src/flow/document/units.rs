//! CPU and memory as ECS writes them, and numbers of bytes as the Docker client does. It knows no limits.

const TRILLION: u128 = 1_000_000_000_000;

/// CPU units: a whole number of them (`512`), or vCPUs (`0.5 vcpu`, `1vCPU`), of which each is 1024 units. None for
/// anything else, and for vCPUs that are no whole number of units.
pub fn parse_cpu_units(text: &str) -> Option<u64> {
    units(text, "vcpu")
}

/// Memory in MiB: a whole number (`2048`), or GB (`2 GB`, `0.5GB`), of which each is 1024 MiB. None for anything else.
pub fn parse_memory_mib(text: &str) -> Option<u64> {
    units(text, "gb")
}

fn units(text: &str, unit: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let Some(number) = lower.strip_suffix(unit) else { return whole(&lower) };
    let number = number.trim_end();
    let (before, after) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(before) || !digits(after) || (before.is_empty() && after.is_empty()) || number.is_empty() {
        return None;
    }
    // Twelve digits before the point and twelve behind it, times 1024, are far from the largest number.
    let trillionths: u128 = format!("0{before}{after:0<12}").parse().ok()?;
    let units = trillionths * 1024;
    units.is_multiple_of(TRILLION).then(|| u64::try_from(units / TRILLION).ok()).flatten()
}

fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Whether the Docker client reads the text as a number of bytes: `512m`, `1.5g`, `64kb`, `1024`.
pub(super) fn is_bytes(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    // `kb` is `k`, and `b` alone is bytes.
    let text = match lower.strip_suffix('b') {
        Some(rest) if rest.ends_with(|c: char| c.is_ascii_alphabetic()) => rest,
        Some(_) | None => lower.as_str(),
    };
    let number = text.strip_suffix(['b', 'k', 'm', 'g', 't']).unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // The client reads digits with a point only before a unit.
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && (text.len() > number.len() || !number.contains('.'))
}
