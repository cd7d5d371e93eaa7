//! Calculations with IP networks. Addresses are written as `a.b.c.d/n` and `x::y/n`; leading zeros in an IPv4 address are
//! decimal. It resolves no names.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;

use super::call::{Call, Fault, Outcome, fault_at, strings};
use crate::value::Value;

/// The bits by which `cidrsubnets` extends a prefix at most.
const MAX_EXTENSION: i64 = 32;

pub(super) fn cidrhost(call: &Call<'_>) -> Outcome {
    let net = network(call)?;
    let wanted = call.number(1)?.to_bigint();
    let wanted = wanted.ok_or_else(|| fault_at(1, "a whole number is required"))?;
    let highest = mask(bits(&net) - i64::from(net.prefix_len()));
    let magnitude = wanted.magnitude().to_u128();
    let host = match (wanted.sign(), magnitude) {
        // Negative numbers count from the end.
        (Sign::Minus, Some(back)) => back.checked_sub(1).and_then(|back| highest.checked_sub(back)),
        (_, host) => host.filter(|host| *host <= highest),
    };
    let host = host.ok_or_else(|| {
        let prefix = net.prefix_len();
        fault_at(1, format!("a prefix of {prefix} has no room for this host")).detail(wanted.to_string())
    })?;
    Ok(Value::string(address(&net, first(&net) | host).to_string()))
}

pub(super) fn cidrnetmask(call: &Call<'_>) -> Outcome {
    match network(call)? {
        IpNet::V4(net) => Ok(Value::string(net.netmask().to_string())),
        IpNet::V6(_) => Err(fault_at(0, "only IPv4 has netmasks; IPv6 writes the length of the prefix")),
    }
}

pub(super) fn cidrsubnet(call: &Call<'_>) -> Outcome {
    let net = network(call)?;
    let more = call.whole(1)?;
    let room = bits(&net) - i64::from(net.prefix_len());
    if !(0..=room).contains(&more) {
        return Err(fault_at(
            1,
            format!("a prefix of {} can be extended by 0 to {room} bits", net.prefix_len()),
        ));
    }
    let number: Option<BigInt> = call.number(2)?.to_bigint();
    let number = number.and_then(|number| number.to_u128()).filter(|number| *number <= mask(more));
    let number = number.ok_or_else(|| {
        fault_at(2, format!("{more} more bits have room for the numbers from 0 to {}", mask(more)))
    })?;
    let offset = u32::try_from(room - more).ok().and_then(|shift| number.checked_shl(shift)).unwrap_or(0);
    Ok(Value::string(subnet(&net, first(&net) | offset, i64::from(net.prefix_len()) + more)))
}

pub(super) fn cidrsubnets(call: &Call<'_>) -> Outcome {
    let net = network(call)?;
    let (start, mut next) = (first(&net), Some(first(&net)));
    let end = start | mask(bits(&net) - i64::from(net.prefix_len()));
    let mut subnets = Vec::new();
    for index in 1..call.args.len() {
        let more = call.whole(index)?;
        if !(1..=MAX_EXTENSION).contains(&more) {
            return Err(fault_at(index, format!("a prefix is extended by 1 to {MAX_EXTENSION} bits")));
        }
        let prefix = i64::from(net.prefix_len()) + more;
        if prefix > bits(&net) {
            let message = format!("a prefix has {} bits at most, and this would have {prefix}", bits(&net));
            return Err(fault_at(index, message));
        }
        // Each begins behind the one before, at a multiple of its own size.
        let rest = mask(bits(&net) - prefix);
        let begin = next.and_then(|next| next.checked_add(rest)).map(|next| next & !rest);
        let begin = begin.filter(|begin| begin | rest <= end).ok_or_else(|| {
            fault_at(
                index,
                format!("there is not enough room left for a subnet with a prefix of {prefix} bits"),
            )
        })?;
        subnets.push(subnet(&net, begin, prefix));
        next = (begin | rest).checked_add(1);
    }
    Ok(strings(subnets))
}

/// The first argument, with the bits behind the prefix cleared.
fn network(call: &Call<'_>) -> Result<IpNet, Fault> {
    let text = call.text(0)?;
    let parsed = decimal(text).parse::<IpNet>().map(|net| net.trunc());
    parsed.map_err(|_| {
        fault_at(0, "a network in CIDR notation is required, such as \"10.0.0.0/8\"")
            .detail(format!("{text:?} is none"))
    })
}

/// The text without leading zeros in the parts of an IPv4 address.
fn decimal(text: &str) -> String {
    let Some((address, prefix)) = text.split_once('/').filter(|(address, _)| !address.contains(':')) else {
        return text.to_owned();
    };
    let part = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0".to_owned(),
        digits => digits.to_owned(),
    };
    format!("{}/{prefix}", address.split('.').map(part).collect::<Vec<_>>().join("."))
}

fn bits(net: &IpNet) -> i64 {
    i64::from(net.max_prefix_len())
}

/// So many ones.
fn mask(bits: i64) -> u128 {
    match u32::try_from(bits) {
        Ok(128..) => u128::MAX,
        Ok(bits) => 1u128.checked_shl(bits).map_or(u128::MAX, |power| power - 1),
        Err(_) => 0,
    }
}

fn first(net: &IpNet) -> u128 {
    match net.network() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(net: &IpNet, bits: u128) -> IpAddr {
    match net {
        IpNet::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX))),
        IpNet::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}

fn subnet(net: &IpNet, bits: u128, prefix: i64) -> String {
    format!("{}/{prefix}", address(net, bits))
}
