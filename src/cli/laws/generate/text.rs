//! Configurations by chance as HCL text.

use std::fmt::Write as _;

use super::{Conf, Flow, Repeat, Run, Texts, calls};

impl Conf {
    /// The text of the root, in one file.
    fn text(&self) -> String {
        self.blocks().concat()
    }

    /// The text of the root in one file, and those of its modules.
    pub(in crate::cli::laws) fn texts(&self) -> Texts {
        let mut texts = self.modules();
        texts.insert("main.hcl".to_owned(), self.text());
        texts
    }

    fn modules(&self) -> Texts {
        if self.calls.is_empty() { Texts::new() } else { calls::modules(self.constant) }
    }

    /// The same blocks in other places.
    pub(in crate::cli::laws) fn shuffled(&self, mut chance: u64) -> Texts {
        let mut next = |below: usize| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) as usize % below
        };
        let mut blocks = self.blocks();
        for index in (1..blocks.len()).rev() {
            blocks.swap(index, next(index + 1));
        }
        let mut texts = self.modules();
        for block in blocks {
            texts.entry(["a.hcl", "m.hcl", "z.hcl"][next(3)].to_owned()).or_default().push_str(&block);
        }
        texts
    }

    pub(in crate::cli::laws) fn blocks(&self) -> Vec<String> {
        let mut blocks = vec![
            "flowform {\n  default_labels = [\"base\"]\n}\n".to_owned(),
            "variable \"level\" {\n  type    = string\n  default = \"info\"\n}\n".to_owned(),
            format!("locals {{\n  shared = \"l{}\"\n  both   = \"${{var.level}}-${{local.shared}}\"\n}}\n", self.local),
            "storage \"module\" \"code\" {\n  module = \"flows.etl\"\n}\n".to_owned(),
            "storage \"local\" \"disk\" {\n  directory = \"/srv/flows\"\n  path      = \"/srv/flows/etl.pkl\"\n}\n".to_owned(),
            format!(
                "run_config \"universal\" \"base\" {{\n  labels = [\"x\"]\n  env    = {{ SHARED = \"{}\" }}\n}}\n",
                self.shared
            ),
            "run_config \"local\" \"own\" {\n  extends     = run_config.universal.base\n  working_dir = \"/srv\"\n  env         = { BOTH = local.both }\n}\n".to_owned(),
        ];
        if self.agent {
            blocks.push(
                "agent \"local\" \"all\" {\n  labels = [\"base\", \"x\", \"y\", \"z\"]\n}\n".to_owned(),
            );
        }
        for (from, to) in &self.moved {
            blocks.push(format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n"));
        }
        for flow in &self.flows {
            blocks.push(self.flow(flow));
            if self.outputs {
                let value = self.version_of(&flow.label);
                blocks.push(format!("output \"of_{}\" {{\n  value = {value}\n}}\n", flow.label));
            }
        }
        for call in &self.calls {
            blocks.extend(call.blocks(call.up.as_deref().map(|label| self.version_of(label))));
            if self.outputs {
                blocks.push(format!("output \"of_{0}\" {{\n  value = module.{0}\n}}\n", call.label));
            }
        }
        blocks
    }

    /// An expression for the versions of a flow, as one text.
    fn version_of(&self, label: &str) -> String {
        match self.flows.iter().find(|flow| flow.label == label).map(|flow| &flow.repeat) {
            Some(Repeat::Keys(_)) => {
                format!("join(\",\", [for key, flow in flow.{label} : \"${{key}}${{flow.version}}\"])")
            }
            Some(Repeat::Count(_)) => {
                format!("join(\",\", [for flow in flow.{label} : tostring(flow.version)])")
            }
            Some(Repeat::Once) | None => format!("tostring(flow.{label}.version)"),
        }
    }

    fn flow(&self, flow: &Flow) -> String {
        let mut text = format!("flow \"{}\" {{\n", flow.label);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name} = {value}");
        };
        match &flow.repeat {
            Repeat::Once => {}
            Repeat::Keys(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("{key} = \"v{key}\"")).collect();
                line("for_each", &format!("{{ {} }}", keys.join(", ")));
            }
            Repeat::Count(count) => line("count", &count.to_string()),
        }
        if let Some(name) = &flow.name {
            line("name", &format!("\"{name}\""));
        }
        line("storage", if flow.storage { "storage.module.code" } else { "storage.local.disk" });
        if flow.labels > 0 {
            line("labels", ["[\"x\"]", "[\"y\", \"x\"]", "[\"z\"]"][usize::from(flow.labels - 1) % 3]);
        }
        let own = match flow.repeat {
            Repeat::Once => "\"once\"",
            Repeat::Keys(_) => "each.value",
            Repeat::Count(_) => "count.index",
        };
        line("parameters", &format!("{{ p = {}, own = {own} }}", flow.parameter));
        if flow.keep > 2 {
            line("keep_versions", &(flow.keep - 2).to_string());
            line("keep_for", "\"0s\"");
        }
        if let Some(version) = flow.pin {
            line("version", &version.to_string());
        }
        if !flow.after.is_empty() {
            let after: Vec<String> = flow.after.iter().map(|label| format!("flow.{label}")).collect();
            line("depends_on", &format!("[{}]", after.join(", ")));
        }
        match flow.run {
            Run::None => {}
            Run::Universal => line("run_config", "run_config.universal.base"),
            Run::Shared => line("run_config", "run_config.local.own"),
            Run::Nested | Run::Extended => {
                text.push_str("  run_config \"local\" {\n");
                if flow.run == Run::Extended {
                    text.push_str("    extends = run_config.local.own\n");
                }
                let mut env = vec![format!("LEVEL = \"{}\"", flow.env)];
                env.extend(flow.up.iter().map(|label| format!("UP_{label} = {}", self.version_of(label))));
                let _ = writeln!(text, "    env = {{ {} }}\n  }}", env.join(", "));
                if flow.ignore {
                    text.push_str("  lifecycle {\n    ignore_changes = [env[\"LEVEL\"]]\n  }\n");
                }
            }
        }
        text.push_str("}\n");
        text
    }
}
