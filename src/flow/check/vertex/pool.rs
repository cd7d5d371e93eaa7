//! What Vertex AI documents of the parts of a worker pool beyond their shape: machines, disks, file systems, packages,
//! variables (REST reference, pages WorkerPoolSpec, MachineSpec, DiskSpec, NfsMount, ReservationAffinity, EnvVar). It knows
//! no other pool.

use std::collections::BTreeSet;

use super::MOST_VARIABLES;
use crate::address::PathStep;
use crate::flow::check::{CheckName, attribute, given, items, reference};
use crate::flow::definition::{Problem, at, at_index};
use crate::value::{Kind, Value};

/// The kinds of boot disks.
const DISKS: [&str; 3] = ["pd-ssd", "pd-standard", "hyperdisk-balanced"];
/// The sizes of boot disks, in GB.
const DISK_GB: std::ops::RangeInclusive<i64> = 100..=64_000;
/// The most packages of a Python task.
const MOST_PACKAGES: usize = 100;

/// Checks a pool that is an object; `has_network` where the job has a network, or may have one.
pub(super) fn check(pool: &Value, place: &[PathStep], has_network: bool, problems: &mut Vec<Problem>) {
    let part = |name: &str| (attribute(pool, name), at(place, name));
    let (machine, at_machine) = part("machine_spec");
    check_machine(machine, &at_machine, problems);
    let (disk, at_disk) = part("disk_spec");
    check_disk(disk, &at_disk, problems);
    mounts(pool, place, has_network, problems);
    let (container, at_container) = part("container_spec");
    problems.extend(reference::check(attribute(container, "image_uri"), at(&at_container, "image_uri")));
    variables(attribute(container, "env"), &at(&at_container, "env"), problems);
    let (package, at_package) = part("python_package_spec");
    variables(attribute(package, "env"), &at(&at_package, "env"), problems);
    packages(attribute(package, "package_uris"), &at(&at_package, "package_uris"), problems);
}

/// A machine type: words and numbers joined by hyphens.
pub(super) fn machine_type(value: &Value, place: Vec<PathStep>, problems: &mut Vec<Problem>) {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !text.split('-').all(is_word) {
        problems.push(
            Problem::error(place, "Unsuitable machine", "This is not the name of a type of machines.")
                .help("write a name of Compute Engine's, in lower case: `n1-standard-8`, `a2-highgpu-1g`"),
        );
    }
}

fn check_machine(machine: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    if machine.is_unknown() || machine.as_entries().is_none() {
        return;
    }
    machine_type(attribute(machine, "machine_type"), at(place, "machine_type"), problems);
    let mut wrong = |name: &str, what: &str, help: &str| {
        problems.push(Problem::error(at(place, name), "Unsuitable machine", what).help(help));
    };
    let count = attribute(machine, "accelerator_count");
    let number = whole(count);
    if number.is_some_and(|number| !(0..=i64::from(i32::MAX)).contains(&number)) {
        wrong("accelerator_count", "This is no number of accelerators.", "write a small whole number");
    }
    if given(attribute(machine, "gpu_partition_size")) && !count.is_unknown() && number != Some(1) {
        wrong(
            "gpu_partition_size",
            "A partitioned accelerator is asked for one at a time.",
            "write `accelerator_count = 1`",
        );
    }
    let topology = attribute(machine, "tpu_topology").as_str().filter(|text| !text.is_empty());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if topology
        .is_some_and(|text| !(2..=3).contains(&text.split('x').count()) || !text.split('x').all(is_number))
    {
        wrong("tpu_topology", "A topology is two or three numbers.", "write `2x2x1`");
    }
    reservation(attribute(machine, "reservation_affinity"), &at(place, "reservation_affinity"), problems);
}

/// Which reservation is drawn from: its key and values go with a specific one, and with nothing else.
fn reservation(affinity: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    if affinity.is_unknown() || affinity.as_entries().is_none() {
        return;
    }
    let kind = attribute(affinity, "reservation_affinity_type");
    let (key, values) = (attribute(affinity, "key"), attribute(affinity, "values"));
    let names = |value: &Value| value.is_unknown() || value.as_slice().is_some_and(|items| !items.is_empty());
    let mut wrong = |what: &str, help: &str| {
        problems.push(Problem::error(place.to_vec(), "Unsuitable reservation", what).help(help));
    };
    match kind.as_str() {
        Some("SPECIFIC_RESERVATION") if !(given(key) && names(values)) => wrong(
            "A specific reservation is named by a key and values.",
            "write `key = \"compute.googleapis.com/reservation-name\"` and the reservation's name in `values`",
        ),
        Some("NO_RESERVATION" | "ANY_RESERVATION") if given(key) || !items(values).is_empty() => wrong(
            "A key and values name a specific reservation, and this is another type.",
            "write `reservation_affinity_type = \"SPECIFIC_RESERVATION\"`, or remove `key` and `values`",
        ),
        Some("TYPE_UNSPECIFIED" | "") => wrong(
            "The type of the reservation is not said.",
            "write `NO_RESERVATION`, `ANY_RESERVATION` or `SPECIFIC_RESERVATION`",
        ),
        _ => {}
    }
}

fn check_disk(disk: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    let kind = attribute(disk, "boot_disk_type").as_str().filter(|text| !text.is_empty());
    if let Some(kind) = kind.filter(|kind| !DISKS.contains(kind)) {
        let problem = Problem::error(
            at(place, "boot_disk_type"),
            "Unsuitable disk",
            format!(
                "{kind:?} is no kind of boot disk; they are `pd-ssd`, `pd-standard` and `hyperdisk-balanced`."
            ),
        );
        problems.push(match crate::diag::closest(kind, DISKS) {
            Some(best) => problem.help(format!("did you mean {best:?}?")),
            None => problem.help("leave it out for the default"),
        });
    }
    let size = whole(attribute(disk, "boot_disk_size_gb"));
    if size.is_some_and(|size| size != 0 && !DISK_GB.contains(&size)) {
        problems.push(
            Problem::error(
                at(place, "boot_disk_size_gb"),
                "Unsuitable disk",
                "A boot disk has from 100 to 64,000 GB.",
            )
            .help("write a number of that range, or leave it out for 100"),
        );
    }
}

fn mounts(pool: &Value, place: &[PathStep], has_network: bool, problems: &mut Vec<Problem>) {
    for name in ["nfs_mounts", "lustre_mounts"] {
        let (list, list_place) = (items(attribute(pool, name)), at(place, name));
        let mut points = BTreeSet::new();
        for (index, mount) in list.iter().enumerate() {
            let place = at_index(&list_place, index);
            if let Some(path) = attribute(mount, "path").as_str().filter(|path| !path.starts_with('/')) {
                problems.push(
                    Problem::error(
                        at(&place, "path"),
                        "Unsuitable file system",
                        "The path that an NFS server exports is absolute.",
                    )
                    .help(format!("write `/{path}`")),
                );
            }
            let point = attribute(mount, "mount_point");
            if point.as_str().is_some_and(|point| !points.insert(point.to_owned())) {
                problems.push(
                    Problem::error(
                        at(&place, "mount_point"),
                        "Unsuitable file system",
                        "Another file system of the pool is mounted there already.",
                    )
                    .help("choose another `mount_point`"),
                );
            }
        }
        if !list.is_empty() && !has_network {
            problems.push(
                Problem::error(
                    list_place,
                    "Unsuitable file system",
                    "File systems are mounted over a network, and the job is attached to none.",
                )
                .help("write `network = \"projects/NUMBER/global/networks/NAME\"` in the run config"),
            );
        }
    }
}

fn packages(uris: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    let list = items(uris);
    if list.len() > MOST_PACKAGES {
        problems.push(
            Problem::error(
                place.to_vec(),
                "Unsuitable packages",
                format!("A Python task has {MOST_PACKAGES} packages at most."),
            )
            .help("put them into fewer packages, or into the image"),
        );
    }
    for (index, uri) in list.iter().enumerate() {
        let object = |text: &str| {
            let path = text.strip_prefix("gs://").and_then(|rest| rest.split_once('/'));
            path.is_some_and(|(bucket, name)| !bucket.is_empty() && !name.is_empty())
        };
        if uri.as_str().is_some_and(|text| !object(text)) {
            problems.push(
                Problem::error(
                    at_index(place, index),
                    "Unsuitable packages",
                    "A package is an object in Cloud Storage.",
                )
                .help("write `gs://BUCKET/PATH.tar.gz`"),
            );
        }
    }
}

/// A container's own variables: each a C identifier, once, a hundred of them.
fn variables(env: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    let list = items(env);
    if list.len() > MOST_VARIABLES {
        problems.push(
            Problem::error(
                place.to_vec(),
                "Too many variables",
                format!("Vertex AI takes {MOST_VARIABLES} variables of a container."),
            )
            .help("keep settings in a file, or several in one variable"),
        );
    }
    let mut names = BTreeSet::new();
    for (index, variable) in list.iter().enumerate() {
        let value = at(&at_index(place, index), "value");
        let place = at(&at_index(place, index), "name");
        if attribute(variable, "value").as_str().is_some_and(|text| text.contains('\'')) {
            problems.push(
                Problem::lint(
                    CheckName::VertexApostrophe,
                    value,
                    "The value of the variable holds an apostrophe, which Vertex AI refuses.",
                )
                .help("write it without apostrophes, or encode it and decode it in the container"),
            );
        }
        let Some(name) = attribute(variable, "name").as_str() else { continue };
        if !names.insert(name.to_owned()) {
            problems.push(
                Problem::error(place, "Variable given twice", format!("`{name}` is in the list twice."))
                    .help("keep one of them"),
            );
        } else {
            problems.extend(identifier(name, place));
        }
    }
}

/// The problem of a variable's name that is no C identifier.
pub(super) fn identifier(name: &str, place: Vec<PathStep>) -> Option<Problem> {
    let is_one = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (!is_one && !name.is_empty()).then(|| {
        Problem::error(
            place,
            "Unsuitable variable name",
            format!("Vertex AI takes C identifiers as names of variables, and `{name}` is none."),
        )
        .help("use letters, digits and `_`, with no digit first")
    })
}

/// A whole number, also where it is written as a text.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match &value.kind {
        Kind::Number(number) => number.to_i64(),
        Kind::String(text) => text.parse().ok(),
        _ => None,
    }
}
