//! Calls of modules by chance: a module with a flow, a module in it, and a flow that waits for that. What earlier flows
//! become goes in, what its flows become comes out.

use proptest::prelude::*;

use super::{Repeat, Texts, keys};

/// One `module` block, and the flow beside it that takes in what it gives.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) label: String,
    /// What the names of its flows begin with, wherever it is called.
    tag: String,
    repeat: Repeat,
    /// What it is given, beside the version of `up`.
    pub(super) value: u8,
    /// The label of a flow whose version it is given.
    pub(super) up: Option<String>,
}

/// What a call is made from.
#[derive(Clone, Debug)]
pub(in crate::cli::laws) struct CallSeed {
    repeat: (u8, u8),
    value: u8,
    pub(super) up: Option<u8>,
}

pub(super) fn call_seed() -> impl Strategy<Value = CallSeed> {
    let up = prop::option::weighted(0.7, any::<u8>());
    ((0..3_u8, 0..8_u8), 0..3_u8, up).prop_map(|(repeat, value, up)| CallSeed { repeat, value, up })
}

impl Call {
    pub(super) fn new(label: String, seed: &CallSeed, up: Option<String>) -> Self {
        let repeat = match seed.repeat {
            (0, bits) => Repeat::Keys(keys(bits)),
            (1, count) => Repeat::Count(count % 3),
            _ => Repeat::Once,
        };
        Self { tag: label.clone(), label, repeat, value: seed.value, up }
    }

    /// Other instances; the move that keeps what there is, where one is needed.
    pub(super) fn repeated(&mut self, bits: u8) -> Option<(String, String)> {
        let (repeat, moved) = match &self.repeat {
            Repeat::Once => {
                let address = format!("module.{}", self.label);
                (Repeat::Keys(keys(bits | 1)), Some((address.clone(), format!("{address}[\"a\"]"))))
            }
            Repeat::Keys(_) => (Repeat::Keys(keys(bits)), None),
            Repeat::Count(_) => (Repeat::Count(bits % 3), None),
        };
        self.repeat = repeat;
        moved
    }

    /// The blocks of the root; `version` is an expression for what `up` becomes.
    pub(super) fn blocks(&self, version: Option<String>) -> [String; 2] {
        let (label, tag, value) = (&self.label, &self.tag, self.value);
        let module = format!("module.{label}");
        let (repeat, suffix, all) = match &self.repeat {
            Repeat::Once => (String::new(), "", format!("tostring({module}.seen)")),
            Repeat::Keys(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
                let all = format!("join(\",\", [for key, m in {module} : \"${{key}}${{m.seen}}\"])");
                (format!("  for_each = toset([{}])\n", keys.join(", ")), "-${each.key}", all)
            }
            Repeat::Count(count) => {
                let all = format!("join(\",\", {module}[*].seen)");
                (format!("  count = {count}\n"), "-${count.index}", all)
            }
        };
        let given = version.unwrap_or_else(|| "\"none\"".to_owned());
        [
            format!(
                "module \"{label}\" {{\n  source = \"./outer\"\n{repeat}  name   = \"{tag}{suffix}\"\n  given  = \"{value} ${{{given}}}\"\n}}\n"
            ),
            // What the call gives is known only after apply, and the plan must say so.
            format!(
                "flow \"of_{label}\" {{\n  name       = \"of {tag}\"\n  storage    = storage.module.code\n  parameters = {{ seen = {all} }}\n}}\n"
            ),
        ]
    }
}

/// The files of the modules; `constant` is what their flows have in their environment.
pub(super) fn modules(constant: u8) -> Texts {
    let outer = format!(
        r#"variable "name" {{}}
variable "given" {{
  type = string
  validation {{
    condition     = length(var.given) > 0
    error_message = "Something must be given."
  }}
}}
storage "module" "code" {{
  module = "inner.etl"
}}
flow "first" {{
  name       = "${{var.name}} first"
  storage    = storage.module.code
  parameters = {{ given = var.given, constant = {constant} }}
  lifecycle {{
    postcondition {{
      condition     = self.version > 0
      error_message = "There is no version."
    }}
  }}
}}
module "inner" {{
  source   = "../inner"
  for_each = {{ x = flow.first.version, y = 1 }}
  name     = "${{var.name}} ${{each.key}}"
  given    = each.value
}}
flow "last" {{
  name       = "${{var.name}} last"
  storage    = storage.module.code
  depends_on = [module.inner]
}}
output "seen" {{
  value = join("+", [for key, inner in module.inner : "${{key}}${{inner.version}}"])
  precondition {{
    condition     = flow.first.version > 0
    error_message = "There is no version."
  }}
}}
check "versions" {{
  assert {{
    condition     = alltrue([for inner in module.inner : inner.version > 0])
    error_message = "There is no version."
  }}
}}
"#
    );
    let inner = r#"variable "name" {}
variable "given" {}
locals {
  given = "got ${var.given}"
}
storage "module" "code" {
  module = "inner.etl"
}
flow "etl" {
  name    = var.name
  storage = storage.module.code
  run_config "local" {
    env = { GIVEN = local.given }
  }
  lifecycle {
    precondition {
      condition     = length(local.given) > 4
      error_message = "Nothing is given."
    }
  }
}
output "version" {
  value = flow.etl.version
}
"#;
    Texts::from([("outer/main.hcl".to_owned(), outer), ("inner/main.hcl".to_owned(), inner.to_owned())])
}

/// Takes nothing in of a flow that is gone.
pub(super) fn without(calls: &mut [Call], gone: &str) {
    for call in calls.iter_mut().filter(|call| call.up.as_deref() == Some(gone)) {
        call.up = None;
    }
}

/// Follows a flow to another address.
pub(super) fn follow(calls: &mut [Call], from: &str, to: &str) {
    for call in calls.iter_mut().filter(|call| call.up.as_deref() == Some(from)) {
        call.up = Some(to.to_owned());
    }
}
