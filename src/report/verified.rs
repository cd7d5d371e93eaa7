//! What `plan --verify` found, as text. It computes nothing.

use flowform_provider_api::{Check, Finding};

use super::text::{clean, wrap};

/// A line for each thing that was looked at, those that cannot be used last; a sentence when there is nothing.
pub fn render(checks: &[Check], calls: u64, columns: usize) -> String {
    if checks.is_empty() {
        return "Verified: no artifact names anything that a provider can look up.\n".to_owned();
    }
    let mut sorted: Vec<&Check> = checks.iter().collect();
    sorted.sort_by_key(|check| (rank(&check.finding), &check.subject));
    let mut out = String::new();
    for check in sorted {
        let (word, why) = match &check.finding {
            Finding::Usable => ("usable", None),
            Finding::NotChecked(why) => ("not checked", Some(why)),
            Finding::Unusable(why) => ("unusable", Some(why)),
        };
        let mut text = clean(&check.subject).into_owned();
        if let Some(why) = why {
            text.push_str(&format!(": {} ({})", clean(why), flows(&check.flows)));
        }
        for (index, line) in wrap(&text, columns.saturating_sub(13)).into_iter().enumerate() {
            let head = if index == 0 { word } else { "" };
            out.push_str(&format!("{head:>11}  {line}\n"));
        }
    }
    out.push_str(&format!("Verified with {calls} call{}.\n", if calls == 1 { "" } else { "s" }));
    out
}

/// Whether anything was found that cannot be used.
pub fn has_unusable(checks: &[Check]) -> bool {
    checks.iter().any(|check| matches!(check.finding, Finding::Unusable(_)))
}

fn rank(finding: &Finding) -> u8 {
    match finding {
        Finding::Usable => 0,
        Finding::NotChecked(_) => 1,
        Finding::Unusable(_) => 2,
    }
}

/// How many flows are named before they are counted.
const NAMED: usize = 3;

fn flows(names: &[String]) -> String {
    match names {
        [one] => format!("flow {}", clean(one)),
        names if names.len() <= NAMED => {
            format!("flows {}", joined(names))
        }
        names => {
            let (named, more) = names.split_at(NAMED);
            format!("flows {} and {} more", joined(named), more.len())
        }
    }
}

fn joined(names: &[String]) -> String {
    names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_its_line() {
        let check = |subject: &str, flows: &[&str], finding| Check {
            subject: subject.to_owned(),
            flows: flows.iter().map(|name| (*name).to_owned()).collect(),
            finding,
        };
        let checks = [
            check("role `etl`", &["a"], Finding::Unusable("there is no such role".to_owned())),
            check("cluster `main`", &["a", "b"], Finding::Usable),
            check(
                "image `etl:1`",
                &["a", "b", "c", "d"],
                Finding::NotChecked("it takes ecr:DescribeImages".to_owned()),
            ),
        ];
        let text = "     usable  cluster `main`
not checked  image `etl:1`: it takes ecr:DescribeImages (flows a, b, c and 1
             more)
   unusable  role `etl`: there is no such role (flow a)
Verified with 3 calls.
";
        assert_eq!(render(&checks, 3, 78), text);
        assert!(has_unusable(&checks));
        assert!(!has_unusable(&checks[1..]));
    }
}
