//! Bodies to a configuration: every block's structure is checked against the schema tables, all mistakes of all
//! files are gathered. It evaluates nothing and reads nothing.

mod body;
mod check;
mod import;
mod module;
mod provider;
mod refactor;
mod resource;
mod variable;

use std::collections::HashMap;
use std::sync::Arc;

use super::errors;
use super::model::{Config, Names, Node, NodeId, NodeKind, Output, ROOT, Settings};
use super::schema;
use crate::address::BlockAddress;
use crate::diag::Diagnostics;
use crate::source::Span;
use crate::syntax::ast::{Block, Body, Name};
pub use resource::run_config_body;

use body::{check_body, literal_bool, reference_list, rules};

/// Decodes the files of one directory, in whatever order, into a configuration that calls no modules.
pub fn decode(bodies: Vec<Body>, diags: &mut Diagnostics) -> Config {
    decode_directory(bodies, true, diags)
}

/// Decodes the files of one directory; what its `module` blocks call is added by [`super::modules::link`].
pub(super) fn decode_directory(bodies: Vec<Body>, is_root: bool, diags: &mut Diagnostics) -> Config {
    let mut decoder = Decoder { config: Config::default(), seen: HashMap::new(), is_root, diags };
    for body in bodies {
        for attribute in &body.attributes {
            decoder.diags.push(errors::top_level_attribute(attribute));
        }
        for block in body.blocks {
            decoder.block(block);
        }
    }
    decoder.finish()
}

struct Decoder<'a> {
    config: Config,
    seen: HashMap<BlockAddress, Span>,
    /// Whether it is the root configuration: settings and providers are declared there alone.
    is_root: bool,
    diags: &'a mut Diagnostics,
}

impl Decoder<'_> {
    fn block(&mut self, block: Block) {
        let kind = block.kind.text.clone();
        let Some((_, labels)) = schema::BLOCKS.iter().find(|(name, _)| *name == &*kind) else {
            let known = schema::BLOCKS.iter().map(|(name, _)| *name);
            self.diags.push(errors::unknown_block(&block, known));
            return;
        };
        if block.labels.len() != labels.len() {
            self.diags.push(errors::wrong_labels(&block, labels));
            return;
        }
        if schema::NOT_YET.contains(&&*kind) {
            self.not_yet(&block);
            return;
        }
        if !self.is_root && matches!(&*kind, "flowform" | "provider" | "import") {
            self.diags.push(errors::root_only(&block));
            return;
        }
        match &*kind {
            "flowform" => self.settings(block),
            "provider" => provider::declared(block, &mut self.config, self.diags),
            "variable" => {
                let node = variable::variable(&block, self.diags);
                self.named(&block, "var", "variable", NodeKind::Variable(Box::new(node)));
            }
            "locals" => self.locals(block),
            "output" => self.output(&block),
            "storage" | "template" | "run_config" | "agent" | "flow" | "data" => {
                self.resource(block, None);
            }
            "check" => self.check(&block),
            "module" => {
                let name_is_valid = self.valid_name(&block);
                if let Some(call) = module::module(&block, self.diags)
                    && name_is_valid
                {
                    self.named(&block, "module", "module", NodeKind::Module(Box::new(call)));
                }
            }
            "import" => self.import(&block),
            "moved" => self.config.moved.extend(refactor::moved(&block, self.diags)),
            "removed" => self.config.removed.extend(refactor::removed(&block, self.diags)),
            // Every kind of the table is above or in NOT_YET.
            _ => {}
        }
    }

    /// A block that makes or reads something; `check` names the check that it stands in.
    fn resource(&mut self, block: Block, check: Option<Arc<str>>) {
        let name_is_valid = self.valid_name(&block);
        let address = resource::address(&block);
        let header = block.header;
        if let Some(mut resource) = resource::resource(block, self.diags)
            && name_is_valid
            && let Some(address) = address
        {
            resource.check = check;
            self.node(address, header, NodeKind::Resource(Box::new(resource)));
        }
    }

    fn not_yet(&mut self, block: &Block) {
        let kind = &block.kind.text;
        if &**kind == "execution_environment"
            && let Some(label) = block.labels.first()
            && crate::flow::kind::EnvironmentKind::from_label(&label.text).is_none()
        {
            self.diags.push(errors::unknown_kind(
                label,
                "execution environment",
                crate::flow::kind::EnvironmentKind::ALL.iter().map(|kind| kind.label()),
            ));
        }
        self.diags.push(errors::not_yet(block.header, &format!("`{kind}` blocks")));
    }

    fn valid_name(&mut self, block: &Block) -> bool {
        let Some(name) = block.labels.last() else { return true };
        let valid = is_identifier(&name.text);
        if !valid {
            self.diags.push(errors::invalid_name(name, &block.kind.text));
        }
        valid
    }

    /// A node whose address is `prefix.NAME` with the name in the block's only label.
    fn named(&mut self, block: &Block, prefix: &str, what: &str, kind: NodeKind) {
        let Some(name) = block.labels.first() else { return };
        if !is_identifier(&name.text) {
            self.diags.push(errors::invalid_name(name, what));
            return;
        }
        let address = BlockAddress { kind: prefix.into(), type_label: None, name: name.text.clone() };
        self.node(address, block.header, kind);
    }

    fn node(&mut self, address: BlockAddress, header: Span, kind: NodeKind) {
        if let Some(first) = self.seen.get(&address) {
            self.diags.push(errors::duplicate_block(&address.to_string(), header, *first));
            return;
        }
        self.seen.insert(address.clone(), header);
        self.config.nodes.push(Node { module: ROOT, address, header, kind });
    }

    fn settings(&mut self, block: Block) {
        if let Some(first) = &self.config.settings {
            self.diags.push(errors::only_once("`flowform` block", block.header, first.header));
            return;
        }
        check_body(&block.body, "flowform", block.header, &schema::FLOWFORM, self.diags);
        let header = block.header;
        let Body { attributes, blocks } = block.body;
        let mut registry: Option<Block> = None;
        for nested in blocks.into_iter().filter(|nested| &*nested.kind.text == "registry") {
            match &registry {
                Some(first) => {
                    self.diags.push(errors::only_once("`registry` block", nested.header, first.header));
                }
                None => registry = Some(nested),
            }
        }
        self.config.settings = Some(Settings { header, arguments: attributes, registry });
    }

    fn locals(&mut self, block: Block) {
        for nested in &block.body.blocks {
            self.diags.push(errors::unknown_nested_block(nested, "locals", [], true));
        }
        for attribute in block.body.attributes {
            let address = BlockAddress { kind: "local".into(), type_label: None, name: attribute.name.text };
            self.node(address, attribute.name.span, NodeKind::Local(attribute.expr));
        }
    }

    fn output(&mut self, block: &Block) {
        check_body(&block.body, "output", block.header, &schema::OUTPUT, self.diags);
        let Some(value) = block.body.attribute("value") else { return };
        let output = Output {
            value: value.expr.clone(),
            sensitive: literal_bool(&block.body, "sensitive", false, self.diags),
            depends_on: reference_list(&block.body, "depends_on", self.diags),
            preconditions: rules(&block.body, "precondition", self.diags),
        };
        self.named(block, "output", "output", NodeKind::Output(Box::new(output)));
    }

    fn finish(self) -> Config {
        provider::check_references(&self.config, self.is_root, self.diags);
        let mut config = self.config;
        let mut names = Names::default();
        config.nodes.sort_by(|a, b| a.address.cmp(&b.address));
        for (index, node) in config.nodes.iter().enumerate() {
            let id = NodeId(index as u32);
            let BlockAddress { kind, type_label, name } = &node.address;
            let kind: &'static str = match &**kind {
                "var" => "var",
                "local" => "local",
                "output" => "output",
                "flow" => "flow",
                "module" => "module",
                "run_config" => "run_config",
                "storage" => "storage",
                "template" => "template",
                "data" => "data",
                "check" => "check",
                "import" => "import",
                _ => "agent",
            };
            match type_label {
                None => {
                    names.plain.entry(kind).or_default().insert(name.clone(), id);
                }
                Some(label) => {
                    names
                        .typed
                        .entry(kind)
                        .or_default()
                        .entry(label.clone())
                        .or_default()
                        .insert(name.clone(), id);
                }
            }
        }
        let count = config.nodes.len() as u32;
        if let Some(root) = config.modules.first_mut() {
            root.names = names;
            root.count = count;
        }
        config
    }
}

/// Whether `text` can stand in a reference.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// The label's text, for messages.
fn label_text(name: Option<&Name>) -> &str {
    name.map_or("", |name| &name.text)
}
