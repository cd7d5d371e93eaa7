//! Where the values of a rendering came from, beside the rendering: a JSON pointer to each, and its origin.

use std::collections::BTreeMap;

/// Who decided on a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The original's own default.
    BuiltIn,
    /// A default of the agent.
    AgentDefault,
    /// The run config's task definition or Job template.
    Template,
    /// An argument of the run config.
    RunConfig,
    /// The storage.
    Storage,
    /// The flow's own arguments, or its name and project.
    Flow,
    /// The provider that registers it.
    Provider,
    /// The runtime: what flowform or the original's command needs.
    Runtime,
}

impl Origin {
    /// In words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::AgentDefault => "agent default",
            Self::Template => "template",
            Self::RunConfig => "run config",
            Self::Storage => "storage",
            Self::Flow => "flow",
            Self::Provider => "provider",
            Self::Runtime => "runtime",
        }
    }
}

/// Origins by JSON pointer. A value without one of its own has that of what it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, (Origin, Option<String>)>);

impl Origins {
    /// All of it from one place.
    pub fn of(origin: Origin) -> Self {
        Self(BTreeMap::from([(String::new(), (origin, None))]))
    }

    /// Says where the value at `path` came from.
    pub fn set(&mut self, path: &[&str], origin: Origin) {
        self.0.insert(pointer(path), (origin, None));
    }

    /// The same, with the argument that it was written as: `cpu`, `env.REGION`.
    pub fn set_from(&mut self, path: &[&str], origin: Origin, argument: impl Into<String>) {
        self.0.insert(pointer(path), (origin, Some(argument.into())));
    }

    /// The origin of the value at a pointer, with the argument that it was written as.
    pub fn at(&self, pointer: &str) -> Option<(Origin, Option<&str>)> {
        let mut pointer = pointer;
        loop {
            if let Some((origin, argument)) = self.0.get(pointer) {
                return Some((*origin, argument.as_deref()));
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }
}

impl From<BTreeMap<String, (Origin, Option<String>)>> for Origins {
    /// By JSON pointer.
    fn from(origins: BTreeMap<String, (Origin, Option<String>)>) -> Self {
        Self(origins)
    }
}

/// The JSON pointer of a path.
fn pointer(path: &[&str]) -> String {
    let steps = path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")));
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_origin_of_what_it_is_in() {
        let mut origins = Origins::of(Origin::Template);
        origins.set(&["a/b"], Origin::RunConfig);
        origins.set_from(&["a/b", "c"], Origin::Flow, "c");
        assert_eq!(origins.at("/x/0"), Some((Origin::Template, None)));
        assert_eq!(origins.at("/a~1b/d/e"), Some((Origin::RunConfig, None)));
        assert_eq!(origins.at("/a~1b/c"), Some((Origin::Flow, Some("c"))));
    }
}
