//! The examples of `docs/language.md`: each is a configuration that validates, with what it takes for granted declared
//! beside it.

use crate::support::Project;
use crate::tidy::read;

/// What examples may refer to without declaring it: the words that refer to it, what declares it, the declaration.
const GRANTED: &[(&str, &str, &str)] = &[
    (
        "storage.module.code",
        "storage \"module\" \"code\"",
        "storage \"module\" \"code\" {\n  module = \"shop.etl\"\n}\n",
    ),
    ("var.region", "variable \"region\"", "variable \"region\" {\n  default = \"eu\"\n}\n"),
    ("var.stage", "variable \"stage\"", "variable \"stage\" {\n  default = \"dev\"\n}\n"),
    (
        "flow.etl",
        "flow \"etl\"",
        "flow \"etl\" {\n  for_each = toset([\"eu\", \"us\"])\n  storage  = storage.module.code\n}\n",
    ),
];

#[test]
fn every_example_validates() {
    let text = read("docs/language.md");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for part in text.split("\n```hcl\n").skip(1) {
        let example = part.split("\n```").next().unwrap_or_default();
        let mut whole = format!("{example}\n");
        // Backwards, because what is granted may take something for granted itself.
        for (reference, declaration, block) in GRANTED.iter().rev() {
            if whole.contains(reference) && !whole.contains(declaration) {
                whole.push_str(block);
            }
        }
        tried += 1;
        let project = Project::new(&whole);
        let run = project.run("validate");
        if run.code != Some(0) {
            wrong.push(format!("{example}\n{}", run.all()));
        }
        let formatted = project.run("fmt --check");
        if formatted.code != Some(0) {
            wrong.push(format!("{example}\nis not written as `fmt` writes it: {}", formatted.all()));
        }
    }
    assert!(wrong.is_empty(), "examples of docs/language.md are wrong:\n{}", wrong.join("\n\n"));
    assert!(tried > 4, "the examples are found, here {tried}");
}
