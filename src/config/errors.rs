//! Every diagnostic about the structure of a configuration, as a named constructor: callers pass what they hold,
//! the words are here.

use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block, Name};

pub(super) fn unknown_block<'a>(block: &Block, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let kind = &block.kind.text;
    let base = Diagnostic::error(
        "Unknown block",
        format!("There is no block of the kind `{kind}` in a configuration."),
    )
    .at(block.kind.span);
    match &**kind {
        "environment" => base.help("did you mean `execution_environment`?"),
        "resource" => {
            base.help("write what it declares as its kind: `flow`, `run_config`, `storage` or `agent`")
        }
        "backend" | "terraform" => {
            base.help("settings go into a `flowform` block, with a `registry` block inside")
        }
        _ => base.suggest(kind, known),
    }
}

pub(super) fn unknown_nested_block<'a>(
    block: &Block,
    parent: &str,
    known: impl IntoIterator<Item = &'a str>,
    is_argument: bool,
) -> Diagnostic {
    let kind = &block.kind.text;
    let base =
        Diagnostic::error("Unknown block", format!("{} block takes no nested block `{kind}`.", a(parent)))
            .at(block.kind.span);
    if is_argument {
        return base.help(format!("`{kind}` is an argument: write `{kind} = {{ ... }}`"));
    }
    base.suggest(kind, known)
}

pub(super) fn top_level_attribute(attribute: &Attribute) -> Diagnostic {
    Diagnostic::error(
        "Argument outside a block",
        format!("`{}` stands outside every block; a configuration consists of blocks.", attribute.name.text),
    )
    .at(attribute.name.span)
    .help("put it into a `locals` block to give a value a name")
}

pub(super) fn wrong_labels(block: &Block, wanted: &[&str]) -> Diagnostic {
    let kind = &block.kind.text;
    let found = block.labels.len();
    let form = std::iter::once(kind.to_string())
        .chain(wanted.iter().map(|label| format!("\"{}\"", label.to_uppercase())))
        .collect::<Vec<_>>()
        .join(" ");
    let count = match wanted.len() {
        0 => "no label".to_owned(),
        1 => "one label".to_owned(),
        n => format!("{n} labels"),
    };
    Diagnostic::error(
        "Wrong number of labels",
        format!("{} block takes {count}, and this one has {found}.", a(kind)),
    )
    .at(block.header)
    .help(format!("write `{form} {{`"))
}

pub(super) fn invalid_name(name: &Name, what: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid name",
        format!("`{}` cannot be the name of a {what}, because it could not be referred to.", name.text),
    )
    .at(name.span)
    .help("start with a letter or underscore and go on with letters, digits, underscores or hyphens")
}

pub(super) fn duplicate_block(address: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        "Duplicate block",
        format!("`{address}` is declared twice. Names are unique for each kind within a configuration."),
    )
    .at(again)
    .label("declared again here")
    .related(first, "first declared here")
    .help("rename or remove one of them")
}

pub(super) fn only_once(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error("Duplicate block", format!("There can be one {what} only."))
        .at(again)
        .label("declared again here")
        .related(first, "first declared here")
        .help("merge the two into one")
}

pub(super) fn unknown_argument<'a>(
    attribute: &Attribute,
    parent: &str,
    known: impl IntoIterator<Item = &'a str>,
    is_block: bool,
) -> Diagnostic {
    let name = &attribute.name.text;
    let base =
        Diagnostic::error("Unknown argument", format!("{} block has no argument `{name}`.", a(parent)))
            .at(attribute.name.span);
    if is_block {
        return base.help(format!("`{name}` is a nested block: write `{name} {{ ... }}` without `=`"));
    }
    base.suggest(name, known)
}

pub(super) fn missing_block(header: Span, parent: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        "Missing block",
        format!("{} block must have the nested block `{name}`, and this one has not.", a(parent)),
    )
    .at(header)
    .help(format!("add `{name} {{ ... }}`"))
}

pub(super) fn never_dynamic<'a>(
    label: &Name,
    parent: &str,
    known: impl IntoIterator<Item = &'a str>,
    exists: bool,
) -> Diagnostic {
    let kind = &label.text;
    if exists {
        return Diagnostic::error(
            "Block that cannot be dynamic",
            format!(
                "{} block is read before anything is evaluated, so no `dynamic` block makes it.",
                a(kind)
            ),
        )
        .at(label.span)
        .help(format!("write the `{kind}` block itself; its arguments can have conditions"));
    }
    Diagnostic::error("Unknown block", format!("{} block takes no nested block `{kind}`.", a(parent)))
        .at(label.span)
        .suggest(kind, known)
}

pub(super) fn labels_of_dynamic(span: Span, kind: &str, wanted: usize) -> Diagnostic {
    let (detail, help) = match wanted {
        0 => (format!("{} block takes no label.", a(kind)), "remove `labels`".to_owned()),
        _ => (
            format!("{} block takes a label, which a `dynamic` block gives in `labels`.", a(kind)),
            "add for example `labels = [\"local\"]`".to_owned(),
        ),
    };
    Diagnostic::error("Wrong number of labels", detail).at(span).help(help)
}

pub(super) fn missing_argument(header: Span, parent: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        "Missing argument",
        format!("{} block must have the argument `{name}`, and this one has not.", a(parent)),
    )
    .at(header)
    .help(format!("add `{name} = ...`"))
}

pub(super) fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        "Not supported by this version",
        format!("The language has {what}, but this version of flowform cannot carry that out yet."),
    )
    .at(span)
    .help("remove it, or use a version of flowform whose changelog lists it")
}

pub(super) fn unknown_kind<'a>(
    label: &Name,
    block: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let list = known.clone().into_iter().collect::<Vec<_>>().join(", ");
    Diagnostic::error(
        "Unknown kind",
        format!("There is no {block} of the kind `{}`. The kinds are: {list}.", label.text),
    )
    .at(label.span)
    .suggest(&label.text, known)
}

pub(super) fn literal_needed(span: Span, name: &str, form: &str) -> Diagnostic {
    Diagnostic::error(
        "Literal needed",
        format!("`{name}` is read before anything is evaluated, so it must be {form} written out."),
    )
    .at(span)
}

pub(super) fn count_and_for_each(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Both count and for_each",
        "`count` and `for_each` both say how often the block is made; a block can have one of them.",
    )
    .at(span)
    .help("remove one; `for_each` keeps its instances apart by key when the list changes")
}

pub(super) fn root_only(block: &Block) -> Diagnostic {
    let kind = &block.kind.text;
    let help = match &**kind {
        "provider" => {
            "declare it in the root configuration and pass it: `providers = { local = local.other }`"
        }
        "import" => {
            "move it to the root configuration and name the flow from there: `to = module.NAME.flow.etl`"
        }
        _ => "move it to the root configuration, and give the module variables for what it needs",
    };
    Diagnostic::error(
        "Block of the root configuration",
        format!(
            "{} block stands in the root configuration alone; a module can be called from several.",
            a(kind)
        ),
    )
    .at(block.header)
    .help(help)
}

pub(super) fn version_of_local(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Version of a local module",
        "A local module has no version: it is part of the configuration.",
    )
    .at(span)
    .help("remove `version`")
}

pub(super) fn not_an_address(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("Not an address", format!("{what} must be the address of a flow."))
        .at(span)
        .help("write it as a reference, such as `flow.etl` or `flow.etl[\"eu\"]`")
}

pub(super) fn undeclared_provider<'a>(name: &Name, declared: impl Iterator<Item = &'a str>) -> Diagnostic {
    let (base, alias) = name.text.split_once('.').unwrap_or((&name.text, ""));
    let mut diagnostic = Diagnostic::error(
        "Unknown provider",
        format!("No provider configuration `{}` is declared.", name.text),
    )
    .at(name.span)
    .suggest(&name.text, declared);
    diagnostic
        .help
        .get_or_insert_with(|| format!("declare it with `provider \"{base}\" {{ alias = \"{alias}\" }}`"));
    diagnostic
}

/// A kind of blocks with its article: "An `import`".
pub(super) fn a(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    format!("{article} `{kind}`")
}
