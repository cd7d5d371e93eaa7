//! A generic dependency order over `petgraph`. It knows nothing of blocks.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// The nodes `0..dependencies.len()` in an order in which each comes after everything it depends on; among
/// independent nodes the lower number comes first in each component. `Err` holds each cycle as a path.
pub(super) fn order(dependencies: &[Vec<usize>]) -> Result<Vec<usize>, Vec<Vec<usize>>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(dependencies.len(), 0);
    for _ in dependencies {
        graph.add_node(());
    }
    for (node, needs) in dependencies.iter().enumerate() {
        for need in needs {
            graph.add_edge(NodeIndex::new(node), NodeIndex::new(*need), ());
        }
    }
    // Tarjan's components come in reverse topological order of the edges "needs", that is: needs first.
    let mut order = Vec::with_capacity(dependencies.len());
    let mut cycles = Vec::new();
    for component in tarjan_scc(&graph) {
        match component.as_slice() {
            [only] if !graph.contains_edge(*only, *only) => order.push(only.index()),
            members => {
                cycles.push(cycle_path(members.iter().map(|node| node.index()).collect(), dependencies));
            }
        }
    }
    if cycles.is_empty() { Ok(order) } else { Err(cycles) }
}

/// A shortest path from a member of a strongly connected component back to itself.
fn cycle_path(mut members: Vec<usize>, dependencies: &[Vec<usize>]) -> Vec<usize> {
    members.sort_unstable();
    let Some(start) = members.first().copied() else { return members };
    let mut previous = std::collections::HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for need in dependencies.get(node).into_iter().flatten().copied() {
            if need == start {
                let mut path = vec![node];
                let mut at = node;
                while let Some(before) = previous.get(&at).copied() {
                    path.push(before);
                    at = before;
                }
                path.reverse();
                return path;
            }
            if members.binary_search(&need).is_ok() && need != start && !previous.contains_key(&need) {
                previous.insert(need, node);
                queue.push_back(need);
            }
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cycle_is_told_as_a_path() {
        assert_eq!(order(&[vec![1], vec![2], vec![0], vec![]]), Err(vec![vec![0, 1, 2]]));
        assert_eq!(order(&[vec![0]]), Err(vec![vec![0]]));
    }

    proptest! {
        #[test]
        fn everything_comes_after_what_it_needs(edges in prop::collection::vec((0usize..30, 0usize..30), 0..80)) {
            let mut dependencies = vec![Vec::new(); 30];
            for (a, b) in edges {
                // Edges to lower numbers only: no cycle.
                if b < a {
                    dependencies[a].push(b);
                }
            }
            let order = order(&dependencies).expect("no cycle was made");
            let place: Vec<_> = (0..30).map(|n| order.iter().position(|m| *m == n).expect("every node is there")).collect();
            for (node, needs) in dependencies.iter().enumerate() {
                for need in needs {
                    prop_assert!(place[*need] < place[node]);
                }
            }
        }
    }
}
