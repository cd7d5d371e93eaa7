//! A configuration, ready to be evaluated: from the files of a directory, or from what a saved plan kept of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::args::VariableArgs;
use super::edge;
use super::failure::Failure;
use super::world::{Surroundings, World};
use crate::config::files::Files;
use crate::config::load::{Loaded, load, load_module};
use crate::config::model::NodeKind;
use crate::config::modules::{self, Directories, Directory};
use crate::config::variables::{self, Given, GivenValue, GivenValues};
use crate::config::{Config, link, parse_file};
use crate::desired::data::{Answer, DataTable, Request};
use crate::desired::{Inputs, Settings, settings};
use crate::diag::Diagnostics;
use crate::graph::{self, Graph};
use crate::source::{FileId, SourceMap, Span};
use crate::value::{Marks, Value, from_json, to_json};

/// A decoded configuration with the values of its variables.
pub(super) struct Workspace {
    /// The directory that relative paths of settings start from.
    pub directory: PathBuf,
    /// The texts.
    pub sources: SourceMap,
    /// The blocks.
    pub config: Config,
    /// Their order.
    pub graph: Graph,
    /// The values of all variables.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// What functions see while it is planned.
    pub world: World,
    /// What they see while it is applied.
    pub live: World,
    /// What `data` blocks read.
    pub data: DataTable,
    /// The `flowform` block.
    pub settings: Settings,
    /// Fields of live objects that somebody else holds are taken over.
    pub force_conflicts: bool,
    /// The configuration's own texts, by name: what a saved plan keeps.
    own: Vec<String>,
}

/// What a saved plan keeps of a configuration: enough to evaluate it again on another machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The configuration's files by name.
    pub files: BTreeMap<String, String>,
    /// The values of variables that are not sensitive.
    pub variables: BTreeMap<String, serde_json::Value>,
    /// Variables whose values are sensitive and must be given again.
    pub sensitive: BTreeSet<String>,
    /// Files that functions read, by path as written.
    pub read: BTreeMap<String, Vec<u8>>,
    /// When and where the plan was made.
    #[serde(default)]
    pub surroundings: Surroundings,
    /// What `data` blocks read; nothing sensitive.
    #[serde(default)]
    pub data: Vec<(Request, Answer)>,
}

impl Workspace {
    /// Loads the configuration of a directory. The result can be used as far as `diags` has no errors.
    pub(super) fn load(directory: &Path, args: &VariableArgs, diags: &mut Diagnostics) -> Self {
        let Loaded { mut sources, configuration, auto_variables, given_variables } =
            load(directory, &args.var_files, diags);
        let mut directories = Directories::new();
        directories.insert(".".to_owned(), parsed(&configuration, &sources, diags));
        let mut open = called(".", &directories);
        while let Some((module, span)) = open.pop() {
            if directories.contains_key(&module) {
                continue;
            }
            let Some(files) = load_module(directory, &module, span, &mut sources, diags) else { continue };
            directories.insert(module.clone(), parsed(&files, &sources, diags));
            open.extend(called(&module, &directories));
        }
        let files = directories.values().flat_map(|directory| &directory.files);
        let own = files.map(|(name, _)| name.clone()).collect();
        let files = Files::below(directory.to_path_buf()).and(directories.keys().cloned());
        let config = link(directories, diags);
        let mut given = from_environment();
        for id in auto_variables.into_iter().chain(given_variables) {
            variables::read_file(id, &sources, &mut given, diags);
        }
        from_options(args, &mut given);
        let variables = variables::assign(&config, &given, &mut sources, diags);
        let fixed = Surroundings {
            time: Some(edge::now_to_the_second()),
            directory: edge::absolute(directory),
            home: edge::home(),
        };
        let world = World::planning(files, fixed);
        Self::assemble(directory, sources, config, variables, world, own, diags)
    }

    /// Restores the configuration that a saved plan was made from; sensitive variables are given again.
    pub(super) fn restore(
        directory: &Path,
        kept: &Kept,
        args: &VariableArgs,
        diags: &mut Diagnostics,
    ) -> Self {
        let mut sources = SourceMap::default();
        let mut directories = Directories::new();
        for (name, text) in &kept.files {
            let id = sources.add(name.clone(), text.as_str());
            let module = name.rsplit_once('/').map_or(".", |(module, _)| module);
            let directory = directories.entry(module.to_owned()).or_default();
            directory.files.push((name.clone(), parse_file(id, name, text, diags)));
        }
        let config = link(directories, diags);
        let mut given = from_environment();
        given.retain(|name, _| kept.sensitive.contains(&**name));
        let mut again = GivenValues::new();
        from_options(args, &mut again);
        for path in &args.var_files {
            let loaded = edge::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some(text) = loaded {
                let id = sources.add(path.display().to_string(), text);
                variables::read_file(id, &sources, &mut again, diags);
            }
        }
        again.retain(|name, _| kept.sensitive.contains(&**name));
        given.extend(again);
        for (name, value) in &kept.variables {
            let value = GivenValue::Value(from_json(value));
            given.insert(
                name.as_str().into(),
                Given { value, origin: "the saved plan".to_owned(), span: None },
            );
        }
        let variables = variables::assign(&config, &given, &mut sources, diags);
        let own = kept.files.keys().cloned().collect();
        let world = World::planning(Files::kept(kept.read.clone()), kept.surroundings.clone());
        let restored = Self::assemble(directory, sources, config, variables, world, own, diags);
        Self { data: DataTable::kept(kept.data.iter().cloned()), ..restored }
    }

    fn assemble(
        directory: &Path,
        sources: SourceMap,
        config: Config,
        variables: BTreeMap<Arc<str>, Value>,
        world: World,
        own: Vec<String>,
        diags: &mut Diagnostics,
    ) -> Self {
        let settings = settings(&config, &variables, &world, diags);
        let graph = graph::build(&config, diags);
        let (directory, data, live) = (directory.to_path_buf(), DataTable::default(), world.live());
        let force_conflicts = false;
        Self {
            directory,
            sources,
            config,
            graph,
            variables,
            world,
            live,
            data,
            settings,
            force_conflicts,
            own,
        }
    }

    /// What an evaluation works on while it is applied.
    pub(super) fn inputs_of_apply(&self) -> Inputs<'_> {
        Inputs { environment: &self.live, ..self.inputs() }
    }

    /// What an evaluation works on.
    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            config: &self.config,
            graph: &self.graph,
            variables: &self.variables,
            environment: &self.world,
            data: &self.data,
            settings: &self.settings,
            tolerant: false,
        }
    }

    /// What a saved plan keeps.
    pub(super) fn keep(&self) -> Kept {
        let files = self.sources.iter().filter(|(_, file)| self.own.contains(&file.name));
        let mut kept = Kept {
            files: files.map(|(_, file)| (file.name.clone(), file.text.to_string())).collect(),
            read: self.world.files().contents(),
            surroundings: self.world.fixed().clone(),
            data: self.data.to_keep(),
            ..Kept::default()
        };
        for (_, node) in self.config.root_nodes() {
            let NodeKind::Variable(variable) = &node.kind else { continue };
            let name = node.address.name.to_string();
            let Some(value) = self.variables.get(&node.address.name) else { continue };
            if variable.sensitive || value.all_marks().contains(Marks::SENSITIVE) {
                kept.sensitive.insert(name);
            } else if let Some(json) = to_json(value) {
                kept.variables.insert(name, json);
            }
        }
        kept
    }

    /// Ends the command when there are errors.
    ///
    /// # Errors
    /// There are.
    pub(super) fn checked(self, diags: Diagnostics) -> Result<(Self, Diagnostics), Failure> {
        match diags.has_errors() {
            true => Err(Failure::new(diags, self.sources)),
            false => Ok((self, diags)),
        }
    }
}

/// The files of a directory, parsed.
fn parsed(files: &[FileId], sources: &SourceMap, diags: &mut Diagnostics) -> Directory {
    let before = diags.error_count();
    let files = files.iter().filter_map(|id| Some((*id, sources.file(*id)?)));
    let files = files.map(|(id, file)| (file.name.clone(), parse_file(id, &file.name, &file.text, diags)));
    Directory { files: files.collect(), is_damaged: diags.error_count() > before }
}

/// The directories that the modules of a parsed directory are in.
fn called(name: &str, directories: &Directories) -> Vec<(String, Span)> {
    directories.get(name).map(|directory| modules::called(name, directory)).unwrap_or_default()
}

fn from_environment() -> GivenValues {
    let mut given = GivenValues::new();
    for (name, text) in edge::variables() {
        let origin = format!("{}{name}", edge::VARIABLE_PREFIX);
        given.insert(name.into(), Given { value: GivenValue::Text(text), origin, span: None });
    }
    given
}

fn from_options(args: &VariableArgs, given: &mut GivenValues) {
    for assignment in &args.vars {
        let value = GivenValue::Text(assignment.value.clone());
        let origin = "the option --var".to_owned();
        given.insert(assignment.name.as_str().into(), Given { value, origin, span: None });
    }
}
