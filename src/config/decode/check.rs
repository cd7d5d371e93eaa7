//! `check` blocks: assertions that warn, with data of their own.

use super::super::errors;
use super::super::model::{Check, NodeKind};
use super::super::schema;
use super::Decoder;
use super::body::{check_body, rules};
use crate::syntax::ast::Block;

impl Decoder<'_> {
    /// Decodes the check, and its data as a block that only the check sees.
    pub(super) fn check(&mut self, block: &Block) {
        check_body(&block.body, "check", block.header, &schema::CHECK, self.diags);
        let asserts = rules(&block.body, "assert", self.diags);
        if block.body.blocks_of("assert").next().is_none() {
            self.diags.push(errors::missing_block(block.header, "check", "assert"));
        }
        let name = block.labels.first().map(|label| label.text.clone());
        let mut data = block.body.blocks_of("data").filter(|data| data.labels.len() == 2);
        let first = data.next().cloned();
        for again in data {
            let first = first.as_ref().map_or(again.header, |first| first.header);
            self.diags.push(errors::only_once("`data` block in a check", again.header, first));
        }
        if let Some(data) = first {
            for argument in ["count", "for_each"] {
                if let Some(attribute) = data.body.attribute(argument) {
                    self.diags.push(errors::unknown_argument(attribute, "data", [], false));
                }
            }
            self.resource(data, name);
        }
        self.named(block, "check", "check", NodeKind::Check(Check { asserts }));
    }
}
