//! Modules: which directories belong to a configuration, and all of them as one configuration: each call of a module has
//! its own copy of the child's blocks. It reads no file and evaluates nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::decode::decode_directory;
use super::model::{Config, Module, ModuleCall, ModuleId, Node, NodeId, NodeKind, ROOT};
use super::{errors, overrides};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Body, ExprKind, Name};
use crate::value::Kind;

/// The parsed files of each directory; directories are relative to the root's, which is `.`.
pub type Directories = BTreeMap<String, Directory>;

/// The parsed files of one directory.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The files with their names.
    pub files: Vec<(String, Body)>,
    /// Whether parts of them could not be read, so that what is missing may be there.
    pub is_damaged: bool,
}

/// The most calls of modules in one configuration: calls inside of calls multiply.
const MAX_CALLS: usize = 10_000;

/// The directories that the `module` blocks of a directory call, as far as their sources are local ones.
pub fn called(name: &str, directory: &Directory) -> Vec<(String, Span)> {
    let blocks = directory
        .files
        .iter()
        .flat_map(|(_, body)| &body.blocks)
        .filter(|block| &*block.kind.text == "module");
    let sources = blocks.filter_map(|block| block.body.attribute("source"));
    sources
        .filter_map(|source| match &source.expr.kind {
            ExprKind::Literal(value) => match &value.kind {
                Kind::String(text) if is_local(text) => Some((join(name, text), source.expr.span)),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// Whether a source is a directory beside or below the caller.
pub fn is_local(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../") || source == ".."
}

/// The directory that `source` names from `directory`, without detours: `.` for the root's own.
pub fn join(directory: &str, source: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(source.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// All directories as one configuration. Each is decoded once, whatever calls it.
pub fn link(directories: Directories, diags: &mut Diagnostics) -> Config {
    let mut decoded = HashMap::new();
    for (directory, Directory { files, is_damaged }) in directories {
        let is_root = directory == ".";
        let mut config = decode_directory(overrides::merge(files, diags), is_root, diags);
        if let Some(module) = config.modules.first_mut() {
            module.is_damaged = is_damaged;
        }
        decoded.insert(directory, config);
    }
    let root = decoded.remove(".").unwrap_or_default();
    let mut linker = Linker { decoded, config: Config { nodes: Vec::new(), ..root.clone() }, diags };
    linker.nodes(ROOT, root.nodes);
    linker.calls(ROOT, &mut vec![".".to_owned()]);
    linker.config
}

struct Linker<'a> {
    decoded: HashMap<String, Config>,
    config: Config,
    diags: &'a mut Diagnostics,
}

impl Linker<'_> {
    /// Adds the nodes of a module, whose names were made as if it stood alone.
    fn nodes(&mut self, module: ModuleId, nodes: Vec<Node>) {
        let first = self.config.nodes.len() as u32;
        let count = nodes.len() as u32;
        self.config.nodes.extend(nodes.into_iter().map(|node| Node { module, ..node }));
        if let Some(module) = self.config.modules.get_mut(module.0 as usize) {
            (module.first, module.count) = (first, count);
            module.names.shift(first);
        }
    }

    /// Adds the modules that a module calls, and what those call. `open` are the directories that are being added.
    fn calls(&mut self, caller: ModuleId, open: &mut Vec<String>) {
        let Module { first, count, .. } = *self.config.module(caller);
        for id in (first..first + count).map(NodeId) {
            let NodeKind::Module(call) = &self.config.node(id).kind else { continue };
            let call = call.clone();
            if !is_local(&call.source.text) {
                // It was refused when the block was decoded.
                continue;
            }
            let directory = join(&self.config.module(caller).directory, &call.source.text);
            if open.contains(&directory) {
                let path: Vec<&str> = open.iter().chain([&directory]).map(String::as_str).collect();
                self.diags.push(contains_itself(call.source.span, &path));
                continue;
            }
            // Where the directory could not be read, that has been told.
            let Some(child) = self.decoded.get(&directory).cloned() else { continue };
            if self.config.modules.len() > MAX_CALLS {
                self.diags.push(too_many(call.source.span));
                return;
            }
            let module = self.add(caller, id, &call, directory.clone(), child);
            self.check(id, &call, module);
            open.push(directory);
            self.calls(module, open);
            open.pop();
        }
    }

    fn add(
        &mut self,
        caller: ModuleId,
        call_id: NodeId,
        call: &ModuleCall,
        directory: String,
        child: Config,
    ) -> ModuleId {
        let id = ModuleId(self.config.modules.len() as u32);
        let name = self.config.node(call_id).address.name.clone();
        let parent = self.config.module(caller);
        let path: Vec<Arc<str>> = parent.path.iter().cloned().chain([name]).collect();
        let providers = self.passed(caller, call);
        let Module { names, is_damaged, .. } = child.module(ROOT).clone();
        let (parent, call) = (Some(caller), Some(call_id));
        self.config.modules.push(Module {
            path: path.clone(),
            parent,
            call,
            directory,
            providers,
            names,
            is_damaged,
            first: 0,
            count: 0,
        });
        self.nodes(id, child.nodes);
        for mut moved in child.moved {
            moved.module.clone_from(&path);
            self.config.moved.push(moved);
        }
        for mut removed in child.removed {
            removed.module.clone_from(&path);
            self.config.removed.push(removed);
        }
        if let Some(node) = self.config.nodes.get_mut(call_id.0 as usize)
            && let NodeKind::Module(call) = &mut node.kind
        {
            call.child = id;
        }
        id
    }

    /// What the child's provider names stand for: what is passed, and what the caller's plain names stand for.
    fn passed(&mut self, caller: ModuleId, call: &ModuleCall) -> BTreeMap<String, String> {
        let caller = self.config.module(caller);
        let plain = caller.providers.iter().filter(|(name, _)| !name.contains('.'));
        let mut passed: BTreeMap<String, String> =
            plain.map(|(name, root)| (name.clone(), root.clone())).collect();
        for (inner, outer) in &call.providers {
            let known = known_provider(&self.config, caller, &outer.text);
            if !known {
                let declared = declared_providers(&self.config, caller);
                self.diags.push(errors::undeclared_provider(outer, declared.iter().map(String::as_str)));
            }
            let root = caller.providers.get(&*outer.text).cloned().unwrap_or_else(|| outer.text.to_string());
            passed.insert(inner.text.to_string(), root);
        }
        passed
    }

    /// Holds the call against what the child declares.
    fn check(&mut self, id: NodeId, call: &ModuleCall, child: ModuleId) {
        if self.config.module(child).is_damaged {
            return;
        }
        let config = &self.config;
        let header = config.node(id).header;
        let names = &config.module(child).names;
        let declared = |name: &str| names.plain("var", name);
        for input in call.inputs.iter().filter(|input| declared(&input.name.text).is_none()) {
            let known = names.plain.get("var").into_iter().flat_map(|names| names.keys());
            self.diags.push(
                Diagnostic::error(
                    "Unknown input",
                    format!("The module `{}` declares no variable `{}`.", call.source.text, input.name.text),
                )
                .at(input.name.span)
                .suggest(&input.name.text, known.map(|name| &**name)),
            );
        }
        let Module { first, count, .. } = *config.module(child);
        for node in (first..first + count).map(|id| config.node(NodeId(id))) {
            match &node.kind {
                NodeKind::Variable(variable) => {
                    let name = &node.address.name;
                    if variable.default.is_none() && call.input(name).is_none() {
                        self.diags.push(
                            Diagnostic::error(
                                "Missing input",
                                format!(
                                    "The module `{}` needs a value for its variable `{name}`.",
                                    call.source.text
                                ),
                            )
                            .at(header)
                            .related(node.header, "declared here, without a default")
                            .help(format!("write `{name} = ...` in the `module` block")),
                        );
                    }
                }
                NodeKind::Resource(resource) => {
                    let Some(name) = &resource.provider else { continue };
                    if !known_provider(config, config.module(child), &name.text) {
                        let declared = declared_providers(config, config.module(child));
                        let known = declared.iter().map(String::as_str);
                        self.diags.push(errors::undeclared_provider(name, known).help(
                            "pass it from the `module` block: `providers = { local.NAME = local.NAME }`",
                        ));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a module can use the provider configuration of that name; kinds of providers are checked elsewhere.
fn known_provider(config: &Config, module: &Module, name: &str) -> bool {
    !name.contains('.')
        || module.providers.contains_key(name)
        || (module.parent.is_none() && config.providers.iter().any(|provider| provider.name == name))
}

fn declared_providers(config: &Config, module: &Module) -> Vec<String> {
    match module.parent {
        Some(_) => module.providers.keys().cloned().collect(),
        None => config.providers.iter().map(|provider| provider.name.clone()).collect(),
    }
}

/// A source that this program does not fetch.
pub(super) fn not_local(source: &Name) -> Diagnostic {
    Diagnostic::error(
        "Module source that is not local",
        format!(
            "`{}` is not a directory of this configuration. Modules are read from local directories only, so that a plan depends on nothing that changes elsewhere.",
            source.text
        ),
    )
    .at(source.span)
    .help("copy the module into the repository, or add it as a submodule, and write `source = \"./modules/NAME\"`")
}

fn contains_itself(span: Span, path: &[&str]) -> Diagnostic {
    Diagnostic::error(
        "Module that contains itself",
        format!("The module calls itself, so it would have no end: {}.", path.join(" -> ")),
    )
    .at(span)
    .help("remove one of these calls")
}

fn too_many(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Too many modules",
        format!("A configuration has at most {MAX_CALLS} calls of modules; calls inside of called modules multiply."),
    )
    .at(span)
    .help("call a module once, with `for_each`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_relative_to_their_caller() {
        assert_eq!(join(".", "./modules/a"), "modules/a");
        assert_eq!(join("modules/a", "../b"), "modules/b");
        assert_eq!(join("modules/a", "../../"), ".");
        assert_eq!(join(".", "../common/x"), "../common/x");
        assert_eq!(join("../common/x", "../y/"), "../common/y");
        assert!(
            is_local("./a") && is_local("../a") && !is_local("a") && !is_local("/a") && !is_local("git::x")
        );
    }
}
