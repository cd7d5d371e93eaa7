//! Which launch type a flow version's task definition is made for: the checks and the renderer both ask here. It knows no
//! document.

/// What an agent says of where its tasks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// The launch type.
    pub launch_type: Option<&'a str>,
    /// Whether its arguments of RunTask have a capacity provider strategy, which takes the place of a launch type.
    pub strategy: bool,
}

/// The launch type that a definition requires, if any: the agent's in capitals, what was given under a strategy of the
/// agent's, and `FARGATE` where nothing is said (semantics 2.1). What `run_task_kwargs` of a run config say changes where a
/// run starts and not what its definition requires (semantics 2.3).
pub fn launch_type(agent: Said<'_>) -> Option<String> {
    match (agent.launch_type, agent.strategy) {
        (Some(launch), false) => Some(launch.to_uppercase()),
        (Some(launch), true) => Some(launch.to_owned()),
        (None, true) => None,
        (None, false) => Some("FARGATE".to_owned()),
    }
}
