//! Rules that no recorded case shows; the recorded ones are run in `conformance`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::json;

use super::*;

fn machine() -> Machine {
    Machine {
        home: crate::conformance::HOME.to_owned(),
        cwd: crate::conformance::FILES.to_owned(),
        hostname: "oracle-host".to_owned(),
        now: "2022-02-23T19:26:00+00:00".to_owned(),
        add_default_labels: true,
    }
}

fn run(kind: StorageKind, arguments: Json) -> Result<Storage, String> {
    serialize(kind, arguments.as_object().unwrap(), Some("My Flow"), "1.4.1", &machine())
        .map_err(|error| error.to_string())
}

#[test]
fn arguments_are_coerced_as_the_original_does() {
    let field =
        |kind, arguments, name: &str| run(kind, arguments).expect("constructs").serialized[name].clone();
    assert_eq!(field(StorageKind::S3, json!({"bucket": 5, "key": 7}), "flows"), json!({"My Flow": "7"}));
    assert_eq!(field(StorageKind::S3, json!({"bucket": null}), "bucket"), Json::Null);
    assert_eq!(field(StorageKind::Gitlab, json!({"repo": "r"}), "flows"), json!({"My Flow": null}));
    let git = json!({"flow_path": "f", "repo": "x", "clone_depth": "3", "use_ssh": "yes"});
    assert_eq!(field(StorageKind::Git, git.clone(), "clone_depth"), json!(3));
    assert_eq!(field(StorageKind::Git, git, "use_ssh"), json!(true));
    let empty = json!({"flow_path": "f", "repo": ""});
    assert_eq!(field(StorageKind::Git, empty, "git_token_username"), Json::Null);
    assert_eq!(
        field(StorageKind::Local, json!({"path": "/y", "directory": "~/q"}), "directory"),
        "/home/recorder/q"
    );
    assert_eq!(
        field(StorageKind::S3, json!({"bucket": "b", "secrets": "abc"}), "secrets"),
        json!(["a", "b", "c"])
    );
    assert_eq!(field(StorageKind::Docker, json!({"prefect_version": null}), "prefect_version"), "1.4.1");
}

#[test]
fn refused_arguments_say_what_the_original_says() {
    for (kind, arguments, expected) in [
        (
            StorageKind::Github,
            json!({"repo": "r"}),
            "TypeError: GitHub.__init__() missing 1 required positional argument: 'path'",
        ),
        (
            StorageKind::Bitbucket,
            json!({}),
            "TypeError: Bitbucket.__init__() missing 2 required positional arguments: 'project' and 'repo'",
        ),
        (
            StorageKind::Module,
            json!({"module": "m", "bogus": 1}),
            "TypeError: Storage.__init__() got an unexpected keyword argument 'bogus'",
        ),
        (
            StorageKind::Local,
            json!({"stored_as_script": true}),
            "ValueError: A `path` must be provided to show where flow `.py` file is stored.",
        ),
        (
            StorageKind::S3,
            json!({"bucket": "b", "client_options": [1]}),
            "AttributeError: 'list' object has no attribute 'keys'",
        ),
        // Rules come before unknown arguments, missing ones before rules.
        (
            StorageKind::Git,
            json!({"flow_path": "f", "bogus": 1}),
            "ValueError: Either `repo` or `git_clone_url_secret_name` must be provided",
        ),
        (
            StorageKind::Git,
            json!({"flow_path": "f", "repo": 2.0}),
            "AttributeError: 'float' object has no attribute 'split'",
        ),
        (
            StorageKind::Docker,
            json!({"prefect_version": 1.4}),
            "TypeError: expected string or bytes-like object, got 'float'",
        ),
        (StorageKind::Module, json!({"module": "m", "labels": [[1]]}), "TypeError: unhashable type: 'list'"),
        (
            StorageKind::Module,
            json!({"module": "m", "secrets": 5}),
            "TypeError: 'int' object is not iterable",
        ),
    ] {
        assert_eq!(run(kind, arguments).map(|_| ()), Err(expected.to_owned()));
    }
}

#[test]
fn images_are_joined_like_paths() {
    let image = |registry: Json, name: &str| {
        docker_image(&json!({"registry_url": registry, "image_name": name, "image_tag": "t"})).unwrap()
    };
    assert_eq!(image(json!("https://reg"), "img"), "https:/reg/img:t");
    assert_eq!(image(json!("reg.io/team/"), "img"), "reg.io/team/img:t");
    assert_eq!(image(json!("reg.io"), "/img"), "/img:t");
    assert_eq!(image(Json::Null, "img"), "img:t");
}
