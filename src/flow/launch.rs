//! Where a task of ECS runs: the launch type that a flow version's task definition is made for. The checks and the renderer
//! both ask here. It knows no document.

/// What one side, the run config or the agent, says about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// The launch type.
    pub launch_type: Option<&'a str>,
    /// Whether it has a capacity provider strategy, which takes the place of a launch type.
    pub strategy: bool,
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// The arguments of RunTask of the run config.
    RunConfig,
    /// The agent.
    Agent,
    /// Nobody: the original's default.
    BuiltIn,
}

/// The launch type that a definition requires, if any, and who decided.
///
/// The run config's own arguments of RunTask come first, since they replace the agent's when a run starts (semantics 2.4).
/// Else it is the agent's in capitals, what was given under a strategy of the agent's, and `FARGATE` where nothing is said
/// (semantics 2.1).
pub fn launch_type(run_config: Said<'_>, agent: Said<'_>) -> (Option<String>, Decided) {
    match (run_config.launch_type, agent.launch_type) {
        (Some(launch), _) => (Some(launch.to_owned()), Decided::RunConfig),
        (None, _) if run_config.strategy => (None, Decided::RunConfig),
        (None, Some(launch)) if agent.strategy => (Some(launch.to_owned()), Decided::Agent),
        (None, Some(launch)) => (Some(launch.to_uppercase()), Decided::Agent),
        (None, None) if agent.strategy => (None, Decided::Agent),
        (None, None) => (Some("FARGATE".to_owned()), Decided::BuiltIn),
    }
}
