//! Names of revisions: `arn:aws:ecs:eu-west-1:111122223333:task-definition/family:7`. Pure.

/// The family and the number of a revision's ARN.
pub(crate) fn revision(arn: &str) -> Option<(&str, u64)> {
    let (_, name) = arn.split_once(":task-definition/")?;
    let (family, number) = name.rsplit_once(':')?;
    Some((family, number.parse().ok()?))
}

/// Sorted by family, the newest first.
pub(crate) fn newest_first(arns: &mut [String]) {
    arns.sort_by(|a, b| match (revision(a), revision(b)) {
        (Some((one, older)), Some((other, newer))) => one.cmp(other).then(newer.cmp(&older)),
        (one, other) => one.cmp(&other),
    });
}

/// Whether a family may be that of a flow of the project: families begin with the project's name as a slug, unless a
/// flow says another.
pub(crate) fn may_be_of(family: &str, project: &str) -> bool {
    let words: Vec<&str> =
        project.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let slug = words.join("-").to_ascii_lowercase();
    !slug.is_empty()
        && family.to_ascii_lowercase().strip_prefix(&slug).is_some_and(|rest| rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_read_and_sorted_by_number() {
        let arn = |name: &str| format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{name}");
        assert_eq!(revision(&arn("shop-etl:12")), Some(("shop-etl", 12)));
        assert_eq!(revision("shop-etl:12"), None);
        let mut arns = [arn("b:1"), arn("a:9"), arn("a:10")];
        newest_first(&mut arns);
        assert_eq!(arns, [arn("a:10"), arn("a:9"), arn("b:1")]);
    }

    #[test]
    fn families_of_a_project() {
        assert!(may_be_of("my-shop-etl", "My shop"));
        assert!(!may_be_of("my-shopping", "My shop"));
        assert!(!may_be_of("anything", "数据"));
    }
}
