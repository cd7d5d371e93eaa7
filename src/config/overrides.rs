//! Override files: `override.hcl` and `*_override.hcl`, whose blocks are laid over the blocks of the same address in
//! the other files, by Terraform's rules. It checks nothing else of them; what comes out is decoded as ever.

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Attribute, Block, Body, ExprKind};

/// Whether a file of that name is an override file; the name is without its directory.
pub fn is_override(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let stem = name.strip_suffix(".hcl.json").or_else(|| name.strip_suffix(".hcl"));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

/// The bodies of a directory's files, by file name, with override files laid over the others in the order of their
/// names.
pub fn merge(files: Vec<(String, Body)>, diags: &mut Diagnostics) -> Vec<Body> {
    let (mut overrides, primary): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(name, _)| is_override(name));
    overrides.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut bodies: Vec<Body> = primary.into_iter().map(|(_, body)| body).collect();
    for (_, body) in overrides {
        // What can be no override is decoded as it is, which tells of arguments outside of blocks and of unknown kinds.
        let mut rest = Body { attributes: body.attributes, blocks: Vec::new() };
        for block in body.blocks {
            match &*block.kind.text {
                "locals" => locals(&mut bodies, block, diags),
                "moved" | "removed" | "import" | "check" => diags.push(not_overridable(&block)),
                "flowform" => match base(&mut bodies, &block) {
                    Some(base) => lay_over(base, block, diags),
                    None => rest.blocks.push(block),
                },
                "variable"
                | "output"
                | "data"
                | "storage"
                | "template"
                | "run_config"
                | "execution_environment"
                | "agent"
                | "flow"
                | "module"
                | "provider" => match base(&mut bodies, &block) {
                    Some(base) => lay_over(base, block, diags),
                    None => diags.push(no_base(&address(&block), block.header)),
                },
                _ => rest.blocks.push(block),
            }
        }
        bodies.push(rest);
    }
    bodies
}

/// The block that `over` is laid over.
fn base<'a>(bodies: &'a mut [Body], over: &Block) -> Option<&'a mut Block> {
    let same = |block: &Block| {
        block.kind.text == over.kind.text
            && block.labels.iter().map(|label| &label.text).eq(over.labels.iter().map(|label| &label.text))
            && (&*over.kind.text != "provider" || alias(block) == alias(over))
    };
    bodies.iter_mut().flat_map(|body| &mut body.blocks).find(|block| same(block))
}

fn alias(block: &Block) -> Option<&str> {
    match &block.body.attribute("alias")?.expr.kind {
        ExprKind::Literal(value) => value.as_str(),
        _ => None,
    }
}

/// Arguments take the place of those of their name, nested blocks of all those of their kind; `lifecycle` is laid over
/// in turn.
fn lay_over(base: &mut Block, over: Block, diags: &mut Diagnostics) {
    for attribute in over.body.attributes {
        let name = &*attribute.name.text;
        if name == "depends_on" {
            diags.push(depends_on(&attribute));
            continue;
        }
        // `count` and `for_each`, a run config by reference and one that is nested: one takes the place of the other.
        let other = match name {
            "count" => Some("for_each"),
            "for_each" => Some("count"),
            _ => None,
        };
        base.body.attributes.retain(|kept| other != Some(&*kept.name.text));
        base.body.blocks.retain(|kept| made_kind(kept) != name);
        match base.body.attributes.iter_mut().find(|kept| kept.name.text == attribute.name.text) {
            Some(kept) => *kept = attribute,
            None => base.body.attributes.push(attribute),
        }
    }
    let (lifecycles, blocks): (Vec<Block>, Vec<Block>) =
        over.body.blocks.into_iter().partition(|block| &*block.kind.text == "lifecycle");
    for block in &blocks {
        base.body.blocks.retain(|kept| made_kind(kept) != made_kind(block));
        base.body.attributes.retain(|kept| *kept.name.text != *made_kind(block));
    }
    base.body.blocks.extend(blocks);
    for lifecycle in lifecycles {
        match base.body.blocks.iter_mut().find(|block| block.kind.text == lifecycle.kind.text) {
            Some(kept) => lay_over(kept, lifecycle, diags),
            None => base.body.blocks.push(lifecycle),
        }
    }
}

/// The kind of the blocks that a nested block is, or makes when it is a `dynamic` one.
fn made_kind(block: &Block) -> &str {
    match block.labels.first() {
        Some(label) if &*block.kind.text == "dynamic" => &label.text,
        _ => &block.kind.text,
    }
}

/// Locals are laid over one by one.
fn locals(bodies: &mut [Body], over: Block, diags: &mut Diagnostics) {
    for attribute in over.body.attributes {
        let blocks = bodies.iter_mut().flat_map(|body| &mut body.blocks);
        let mut locals =
            blocks.filter(|block| &*block.kind.text == "locals").flat_map(|block| &mut block.body.attributes);
        match locals.find(|kept| kept.name.text == attribute.name.text) {
            Some(kept) => *kept = attribute,
            None => diags.push(no_base(&format!("local.{}", attribute.name.text), attribute.name.span)),
        }
    }
}

fn address(block: &Block) -> String {
    let labels = block.labels.iter().map(|label| format!(".{}", label.text));
    format!("{}{}", block.kind.text, labels.collect::<String>())
}

fn no_base(address: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "Nothing to override",
        format!("An override file changes what other files declare, and none of them declares `{address}`."),
    )
    .at(span)
    .help("declare it in a file whose name does not end in `_override.hcl`")
}

fn not_overridable(block: &Block) -> Diagnostic {
    let kind = &block.kind.text;
    Diagnostic::error(
        "Block that cannot override",
        format!("{} block has no address by which it could be laid over another.", super::errors::a(kind)),
    )
    .at(block.header)
    .help("move it into a file whose name does not end in `_override.hcl`")
}

fn depends_on(attribute: &Attribute) -> Diagnostic {
    Diagnostic::error(
        "Argument that cannot be overridden",
        "What a block waits for is not laid over: an override that takes a dependency away would break the order.",
    )
    .at(attribute.name.span)
    .help("change `depends_on` where the block is declared")
}

#[cfg(test)]
mod tests {
    use super::is_override;

    #[test]
    fn override_files_are_told_by_their_names() {
        for name in ["override.hcl", "a_override.hcl", "override.hcl.json", "_override.hcl", "x/override.hcl"]
        {
            assert!(is_override(name), "{name}");
        }
        for name in ["overrides.hcl", "myoverride.hcl", "override.tf", "a-override.hcl", "override_a.hcl"] {
            assert!(!is_override(name), "{name}");
        }
    }
}
