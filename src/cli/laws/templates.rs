//! Shared templates under kills and failures at every write of the record: the next apply leaves what is configured and
//! nothing else, and takes nothing that is its own for somebody else's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use flowform_provider_contract::{Fault, FaultStore};
use proptest::prelude::*;

use super::cases;
use super::driver::{Store, apply, apply_all, copy, memory, run, settled};
use super::generate::Texts;

/// Blocks by number: the place and the content of each, where it is there.
type Conf = [Option<(u8, u8)>; 3];

/// What is to be on the disk: contents by name.
type Disk = BTreeMap<String, Vec<u8>>;

fn conf() -> impl Strategy<Value = Conf> {
    prop::array::uniform3(prop::option::weighted(0.7, (0..4_u8, 0..3_u8))).prop_map(|mut conf: Conf| {
        for at in 1..conf.len() {
            let (before, rest) = conf.split_at_mut(at);
            // One place is one block's.
            if before.iter().flatten().any(|(place, _)| rest[0].is_some_and(|(own, _)| own == *place)) {
                rest[0] = None;
            }
        }
        conf
    })
}

fn texts(conf: &Conf, directory: &Path) -> Texts {
    let mut text = "storage \"module\" \"code\" {\n  module = \"flows.etl\"\n}\n".to_owned();
    for (number, block) in conf.iter().enumerate() {
        let template = match block {
            Some(_) => format!("job_template_path = template.kubernetes_job.t{number}.uri"),
            None => "image = \"own:1\"".to_owned(),
        };
        text.push_str(&format!(
            "flow \"f{number}\" {{\n  storage = storage.module.code\n  run_config \"kubernetes\" {{\n    {template}\n  }}\n}}\n"
        ));
        let Some((place, content)) = block else { continue };
        let path = directory.join(format!("deep/p{place}.json"));
        text.push_str(&format!(
            "template \"kubernetes_job\" \"t{number}\" {{\n  path = \"{}\"\n  content = {{ spec = {{ template = {{ spec = {{ containers = [{{ name = \"c{content}\" }}] }} }} }} }}\n}}\n",
            path.display()
        ));
    }
    Texts::from([("main.hcl".to_owned(), text)])
}

fn disk(directory: &Path) -> Disk {
    let Ok(entries) = std::fs::read_dir(directory.join("deep")) else { return Disk::new() };
    let entries = entries.map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

fn restore(directory: &Path, disk: &Disk) {
    let _ = std::fs::remove_dir_all(directory.join("deep"));
    std::fs::create_dir(directory.join("deep")).unwrap();
    for (name, bytes) in disk {
        std::fs::write(directory.join("deep").join(name), bytes).unwrap();
    }
}

/// Whether the disk holds what is configured.
fn is_stored(conf: &Conf, directory: &Path) -> Result<(), String> {
    let found: BTreeMap<String, String> = disk(directory)
        .into_iter()
        .map(|(name, bytes)| {
            let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let content = &document["spec"]["template"]["spec"]["containers"][0]["name"];
            (name, content.as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let wanted: BTreeMap<String, String> = conf
        .iter()
        .flatten()
        .map(|(place, content)| (format!("p{place}.json"), format!("c{content}")))
        .collect();
    match found == wanted {
        true => Ok(()),
        false => Err(format!("stored is {found:?}, and configured {wanted:?}")),
    }
}

/// `first` is applied; `second` meets with a fault at each of its writes; `third` puts everything right.
async fn recovers(first: &Conf, second: &Conf, third: &Conf) -> Result<(), String> {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path();
    let base = memory();
    apply_all(&texts(first, directory), &base).await?;
    is_stored(first, directory)?;
    let before = disk(directory);
    let counted = Arc::new(FaultStore::new(copy(&base).await, u64::MAX, Fault::Fail));
    let store: Store = counted.clone();
    apply_all(&texts(second, directory), &store).await?;
    settled(&texts(second, directory), &store).await?;
    is_stored(second, directory)?;
    for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LoseReply, Fault::Fail] {
        for at in 1..=counted.writes() {
            // What did not happen leaves no more to be right about than what was killed.
            let nexts = if fault == Fault::KillBefore { vec![second, third] } else { vec![second] };
            for next in nexts {
                let again = async {
                    restore(directory, &before);
                    let store = copy(&base).await;
                    let faulty: Store = Arc::new(FaultStore::new(Arc::clone(&store), at, fault));
                    // Whether it failed is its own affair: what counts is what the next one makes of it.
                    let _ = apply(&texts(second, directory), &faulty).await;
                    apply_all(&texts(next, directory), &store).await?;
                    settled(&texts(next, directory), &store).await?;
                    is_stored(next, directory)
                };
                again
                    .await
                    .map_err(|error: String| format!("{fault:?} at write {at}, then {next:?}: {error}"))?;
            }
        }
    }
    Ok(())
}

/// Somebody alters a stored template in between: it is put right, and never taken for a change of the configuration.
async fn is_put_right(conf: &Conf, altered: &[u8]) -> Result<(), String> {
    let home = tempfile::tempdir().unwrap();
    let (directory, store) = (home.path(), memory());
    apply_all(&texts(conf, directory), &store).await?;
    let stored = disk(directory);
    for name in stored.keys() {
        std::fs::write(directory.join("deep").join(name), altered).unwrap();
    }
    let applied = apply_all(&texts(conf, directory), &store).await?;
    if applied.report.done.len() != stored.len() {
        return Err(format!("done is {:?}", applied.report.done));
    }
    settled(&texts(conf, directory), &store).await?;
    match disk(directory) == stored {
        true => Ok(()),
        false => Err("stored is something else than before".to_owned()),
    }
}

proptest! {
    #![proptest_config(cases(2))]
    #[test]
    fn templates_recover_from_mishaps(first in conf(), second in conf(), third in conf()) {
        run(recovers(&first, &second, &third)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn altered_templates_are_put_right(conf in conf(), altered in prop::collection::vec(any::<u8>(), 0..20)) {
        run(is_put_right(&conf, &altered)).map_err(TestCaseError::fail)?;
    }
}
