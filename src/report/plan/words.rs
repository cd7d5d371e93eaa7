//! The words of a plan: what happens to a change and why, as people say it. It knows no layout.

use crate::plan::model::{Action, Change, Reason, Subject};
use crate::report::text::clean;
use crate::report::theme::Role;

/// What a change looks like to a reader, in the order in which the kinds are shown: what ends or is removed comes
/// last, next to the summary, where the eye is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Unchanged,
    Hold,
    Create,
    Adopt,
    Move,
    Update,
    Replace,
    NotChecked,
    Forget,
    Archive,
    Prune,
}

impl Kind {
    pub(super) const ALL: [Self; 11] = [
        Self::Unchanged,
        Self::Hold,
        Self::Create,
        Self::Adopt,
        Self::Move,
        Self::Update,
        Self::Replace,
        Self::NotChecked,
        Self::Forget,
        Self::Archive,
        Self::Prune,
    ];

    pub(super) fn of(change: &Change) -> Self {
        match change.action {
            Action::NoOp => match change.reason {
                Reason::Unreadable => Self::NotChecked,
                Reason::Pinned => Self::Hold,
                _ if change.moved_from.is_some() => Self::Move,
                _ => Self::Unchanged,
            },
            Action::Create => Self::Create,
            Action::Update if change.reason == Reason::Moved => Self::Move,
            Action::Update => Self::Update,
            Action::Replace => Self::Replace,
            Action::Adopt => Self::Adopt,
            Action::Archive => Self::Archive,
            Action::Forget => Self::Forget,
            Action::Prune => Self::Prune,
        }
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Unchanged => Action::NoOp.symbol(),
            Self::Hold => "=",
            Self::Create => Action::Create.symbol(),
            Self::Adopt => Action::Adopt.symbol(),
            Self::Move => ">",
            Self::Update => Action::Update.symbol(),
            Self::Replace => Action::Replace.symbol(),
            Self::NotChecked => "?",
            Self::Forget => Action::Forget.symbol(),
            Self::Archive => Action::Archive.symbol(),
            Self::Prune => Action::Prune.symbol(),
        }
    }

    /// The word beside the symbol in the legend, which is also the one after "to" in the summary.
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Hold => "pinned",
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Move => "move",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::NotChecked => "not checked",
            Self::Forget => "forget",
            Self::Archive => "archive",
            Self::Prune => "prune",
        }
    }

    /// Whether apply does something about it.
    pub(super) const fn is_done(self) -> bool {
        match self {
            Self::Unchanged | Self::Hold | Self::NotChecked => false,
            Self::Create
            | Self::Adopt
            | Self::Move
            | Self::Update
            | Self::Replace
            | Self::Forget
            | Self::Archive
            | Self::Prune => true,
        }
    }

    /// Whether every address is listed however many there are: something is given up or removed.
    pub(super) const fn is_always_listed(self) -> bool {
        match self {
            Self::Forget | Self::Archive | Self::Prune | Self::NotChecked => true,
            Self::Unchanged
            | Self::Hold
            | Self::Create
            | Self::Adopt
            | Self::Move
            | Self::Update
            | Self::Replace => false,
        }
    }

    pub(super) const fn role(self) -> Role {
        match self {
            Self::Unchanged | Self::Hold => Role::Faint,
            Self::Create => Role::Add,
            Self::Adopt | Self::Move => Role::Notice,
            Self::Update | Self::Replace => Role::Change,
            Self::NotChecked => Role::Warning,
            Self::Forget | Self::Archive | Self::Prune => Role::Remove,
        }
    }
}

/// What will happen to one change, to be read after its address.
pub(super) fn sentence(change: &Change) -> String {
    let kind = Kind::of(change);
    match change.subject {
        Subject::Agents => return agents(kind).to_owned(),
        Subject::Template => return template(kind, change),
        Subject::Flow | Subject::FlowVersion => {}
    }
    match (kind, change.from_version, change.to_version) {
        (Kind::Create, Some(from), Some(to)) => {
            format!("will be created again as version {to} (archived at {from})")
        }
        (Kind::Create, None, Some(to)) => format!("will be created as version {to}"),
        (Kind::Update, Some(_), Some(to)) if change.reason == Reason::Interrupted => {
            format!("will be completed as version {to}")
        }
        (Kind::Update, Some(from), Some(to)) if from == to => match change.reason {
            Reason::NotPublished => format!("will be published again at version {to}"),
            _ => format!("will be updated and stays at version {to}"),
        },
        (Kind::Update, Some(from), Some(to)) if to < from => {
            format!("will go back to version {to} (now {from})")
        }
        (Kind::Update, Some(from), Some(to)) => format!("will be updated to version {to} (now {from})"),
        (Kind::Update, None, Some(to)) => format!("will be updated to version {to}"),
        (Kind::Replace, _, Some(version)) => format!("will be made again at version {version}"),
        (Kind::Adopt, _, Some(version)) => format!("will be adopted as version {version}, as it is"),
        (Kind::Hold, Some(version), _) => format!("stays at version {version}"),
        (Kind::Archive, Some(version), _) => {
            format!("will be archived at version {version}")
        }
        (Kind::Move, _, _) if change.moved_from.is_some() => {
            format!("is moved from {}", clean(change.moved_from.as_deref().unwrap_or_default()))
        }
        _ => match kind {
            Kind::Unchanged => "is unchanged",
            Kind::Hold => "stays as it is",
            Kind::Create => "will be created",
            Kind::Adopt => "will be adopted as it is",
            Kind::Move => "is moved",
            Kind::Update => "will be updated",
            Kind::Replace => "will be made again",
            Kind::NotChecked => "is not checked and stays as it is",
            Kind::Forget => "will be forgotten",
            Kind::Archive => "will be archived",
            Kind::Prune => "will be pruned",
        }
        .to_owned(),
    }
}

/// What will happen to several changes, to be read after their number.
pub(super) fn sentence_of_many(kind: Kind) -> &'static str {
    match kind {
        Kind::Unchanged => "are unchanged",
        Kind::Hold => "stay as they are",
        Kind::Create => "will be created",
        Kind::Adopt => "will be adopted as they are",
        Kind::Move => "are moved",
        Kind::Update => "will be updated",
        Kind::Replace => "will be made again at their version",
        Kind::NotChecked => "are not checked and stay as they are",
        Kind::Forget => "will be forgotten",
        Kind::Archive => "will be archived",
        Kind::Prune => "will be pruned",
    }
}

/// What that means for what is left, to be read at the end of the sentence.
pub(super) fn aside(change: &Change, many: bool) -> &'static str {
    match change.subject {
        Subject::Agents => return "",
        Subject::Template if Kind::of(change) == Kind::Prune => return "",
        Subject::Template | Subject::Flow | Subject::FlowVersion => {}
    }
    match (Kind::of(change), many) {
        (Kind::Move, _) => "; nothing else changes",
        (Kind::Forget, false) => "; its objects stay where they are",
        (Kind::Forget, true) => "; their objects stay where they are",
        (Kind::Archive, false) => "; its history stays",
        (Kind::Archive, true) => "; their history stays",
        (Kind::Prune, _) if change.reason == Reason::ArtifactMissing => "",
        (Kind::Prune, false) => "; its artifacts are removed",
        (Kind::Prune, true) => "; their artifacts are removed",
        (
            Kind::Unchanged
            | Kind::Hold
            | Kind::Create
            | Kind::Adopt
            | Kind::Update
            | Kind::Replace
            | Kind::NotChecked,
            _,
        ) => "",
    }
}

/// The versions of one change in a list of many: `version 4 (now 3)`.
pub(super) fn versions(change: &Change) -> String {
    let kind = Kind::of(change);
    match (kind, change.from_version, change.to_version) {
        (Kind::Prune, _, _) => String::new(),
        (_, Some(from), Some(to)) if from != to => format!("version {to} (now {from})"),
        (_, _, Some(version)) | (_, Some(version), None) => format!("version {version}"),
        (_, None, None) => String::new(),
    }
}

fn template(kind: Kind, change: &Change) -> String {
    let place = clean(change.name.as_deref().unwrap_or_default());
    match kind {
        Kind::Unchanged | Kind::Hold => "is unchanged".to_owned(),
        Kind::Create | Kind::Adopt => format!("will be stored at {place}"),
        Kind::Move => {
            format!("is moved from {}", clean(change.moved_from.as_deref().unwrap_or_default()))
        }
        Kind::Update => format!("will be updated at {place}"),
        Kind::Replace => format!("will be stored again at {place}"),
        Kind::NotChecked => "is not checked and stays as it is".to_owned(),
        Kind::Forget => "will be forgotten".to_owned(),
        Kind::Archive | Kind::Prune if change.reason == Reason::ArtifactMissing => {
            "will be forgotten".to_owned()
        }
        // The address names the place already where the block stores elsewhere now.
        Kind::Archive | Kind::Prune if change.reason == Reason::StoredElsewhere => {
            "will be removed".to_owned()
        }
        Kind::Archive | Kind::Prune => format!("will be removed from {place}"),
    }
}

fn agents(kind: Kind) -> &'static str {
    match kind {
        Kind::Unchanged | Kind::Hold | Kind::Move => "document of this root is unchanged",
        Kind::Create | Kind::Adopt => "document of this root will be published",
        Kind::Update | Kind::Replace => "document of this root will be published again",
        Kind::NotChecked => "document of this root is not checked and stays as it is",
        Kind::Forget | Kind::Archive | Kind::Prune => "document of this root will be withdrawn",
    }
}

/// Why, to be read after "because"; `None` where what happens says it already.
pub(super) fn because(change: &Change, many: bool) -> Option<&'static str> {
    let (one, several) = match change.reason {
        Reason::DefinitionChanged if change.subject == Subject::Template => {
            ("its content changed", "their content changed in the same way")
        }
        Reason::ArtifactMissing if change.subject == Subject::Template => ("it is gone", "they are gone"),
        Reason::ArtifactAltered if change.subject == Subject::Template => {
            ("it was altered outside flowform", "they were altered outside flowform")
        }
        Reason::UpToDate => return None,
        Reason::Moved => return None,
        Reason::NotRecorded => ("it is new in the configuration", "they are new in the configuration"),
        Reason::DeclaredAgain => ("it is declared again", "they are declared again"),
        Reason::DefinitionChanged => ("its definition changed", "their definitions changed in the same way"),
        Reason::AgentDefaultChanged => {
            ("a default of its agent changed", "a default of their agent changed in the same way")
        }
        Reason::Interrupted => (
            "an earlier apply stopped before it was finished",
            "an earlier apply stopped before they were finished",
        ),
        Reason::ArtifactMissing => {
            ("its artifact is gone from the backend", "their artifacts are gone from the backend")
        }
        Reason::ArtifactAltered => {
            ("its artifact was altered outside flowform", "their artifacts were altered outside flowform")
        }
        Reason::ProviderChanged => {
            ("another provider is to keep its artifact", "another provider is to keep their artifacts")
        }
        Reason::Requested => ("--replace asks for it", "--replace asks for it"),
        Reason::NotPublished => {
            ("what is published is not this version", "what is published are not these versions")
        }
        Reason::NotDeclared => {
            ("it is no longer in the configuration", "they are no longer in the configuration")
        }
        Reason::Destroyed => ("destroy was asked for", "destroy was asked for"),
        Reason::Removed => ("a `removed` block asks for it", "`removed` blocks ask for it"),
        Reason::Imported => ("it was imported", "they were imported"),
        Reason::Pinned => {
            ("it is pinned there; the configuration is ahead", "they are pinned; the configuration is ahead")
        }
        Reason::Unpinned => ("its pin has ended", "their pins have ended"),
        Reason::Superseded => {
            ("it is superseded and was kept long enough", "they are superseded and were kept long enough")
        }
        Reason::LeftBehind => (
            "an interrupted apply left it and no version has it",
            "interrupted applies left them and no version has them",
        ),
        Reason::OfArchivedFlow => ("its flow is archived", "their flows are archived"),
        Reason::Unreadable => ("its live object could not be read", "their live objects could not be read"),
        Reason::AgentDeclared => {
            ("an agent that can take it is declared now", "an agent that can take them is declared now")
        }
        Reason::TemplateChanged => {
            ("the template that it names changed", "the template that they name changed in the same way")
        }
        Reason::StoredElsewhere => ("it is stored elsewhere now", "they are stored elsewhere now"),
        Reason::DocumentChanged => {
            ("the published document differs", "the published documents differ in the same way")
        }
    };
    Some(if many { several } else { one })
}

/// The noun for `count` subjects of a kind.
pub(super) fn noun(subject: &Subject, count: usize) -> &'static str {
    match (subject, count) {
        (Subject::Flow, 1) => "flow",
        (Subject::Flow, _) => "flows",
        (Subject::FlowVersion, 1) => "flow version",
        (Subject::FlowVersion, _) => "flow versions",
        (Subject::Template, 1) => "template",
        (Subject::Template, _) => "templates",
        (Subject::Agents, 1) => "agents document",
        (Subject::Agents, _) => "agents documents",
    }
}
