//! Laws of the layers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

const LAYERS: [Layer; 9] = [
    Layer::SendLogs,
    Layer::Process,
    Layer::DefaultApi,
    Layer::LoggingLevel,
    Layer::PythonPath,
    Layer::Agent,
    Layer::RunConfig,
    Layer::NoLogs,
    Layer::Fixed,
];

fn laid(entries: &[(usize, u8)]) -> Environment {
    let mut environment = Environment::default();
    for (layer, name) in entries {
        let value = format!("{layer}:{name}");
        environment.lay(LAYERS[*layer], &format!("V{name}"), value.into());
    }
    environment
}

proptest! {
    #[test]
    fn precedence_is_a_total_order(
        entries in prop::collection::vec((0..LAYERS.len(), 0_u8..4), 0..40),
        seed in any::<u64>(),
    ) {
        let mut shuffled = entries.clone();
        let mut state = seed;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
        }
        let environment = laid(&entries);
        // The order in which layers are laid does not matter.
        prop_assert_eq!(&environment, &laid(&shuffled));
        // Each name has the value of its highest layer, and no other name is there.
        for (name, layer, value) in environment.iter() {
            let of_name = entries.iter().filter(|(_, number)| format!("V{number}") == name);
            let highest = of_name.map(|(layer, _)| *layer).max().unwrap();
            prop_assert_eq!(layer, LAYERS[highest]);
            prop_assert_eq!(value, &json!(format!("{highest}:{}", &name[1..])));
        }
        for (_, number) in &entries {
            let name = format!("V{number}");
            prop_assert!(environment.contains(&name));
        }
    }
}

#[test]
fn entries_of_a_container_stay_below_ours() {
    let environment = laid(&[(5, 1), (8, 2)]);
    let below = json!([
        {"name": "V1", "value": "theirs"},
        {"name": "X", "valueFrom": {"fieldRef": {}}},
        {"name": "X", "value": "again"},
    ]);
    assert_eq!(
        environment.to_list(Some(&below)).unwrap(),
        json!([
            {"name": "V1", "value": "5:1"},
            {"name": "V2", "value": "8:2"},
            {"name": "X", "valueFrom": {"fieldRef": {}}},
            {"name": "X", "value": "again"},
        ])
    );
    for (list, error) in [
        (json!([{"value": "x"}]), "KeyError: 'name'"),
        (json!(["x"]), "TypeError: string indices must be integers, not 'str'"),
        (json!([null]), "TypeError: 'NoneType' object is not subscriptable"),
        (json!(null), "TypeError: 'NoneType' object is not iterable"),
        (json!(5), "TypeError: 'int' object is not iterable"),
    ] {
        assert_eq!(environment.to_list(Some(&list)).unwrap_err().to_string(), error);
    }
}
