//! A project's registry in an object store: opening, creating, loading, rebuilding. Reading takes no lock and
//! writes nothing; what appends to the log is in [`super::writer`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowform_provider_api::{FlowId, ObjectStore, Prefixed, ProviderError, PutOutcome, RegistryId, key_part};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::event::FORMAT;
use super::log::{Segment, definition_in, fold_segment};
use super::snapshot::{Tail, Unusable, decode, encode};
use super::view::{DefinitionAt, View};
use super::{RegistryError, keys};

/// How many segments are read at once.
const READS: u64 = 16;

/// How many segments stay in memory for the definitions of older versions.
const CACHED: usize = 32;

/// What `registry.json` says; it is written once.
#[derive(Serialize, Deserialize)]
struct Document {
    /// The format of everything in the project.
    format: u32,
    /// The flowform that wrote this format first: the one to install for it.
    flowform: String,
    registry: RegistryId,
    project: String,
    created_at: String,
}

/// The part of `registry.json` that every future format keeps.
#[derive(Deserialize)]
struct Header {
    format: u32,
    #[serde(default)]
    flowform: Option<String>,
}

/// One project's registry.
pub struct Registry {
    store: Arc<dyn ObjectStore>,
    project: String,
    id: RegistryId,
    segments: Mutex<BTreeMap<u64, Arc<Segment>>>,
}

/// A view as it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the log adds up to.
    pub view: View,
    /// What was damaged and could be done without, in sentences.
    pub warnings: Vec<String>,
    /// How many calls it took.
    pub calls: u64,
    /// The log since the newest snapshot.
    pub tail: Tail,
    /// The segments that snapshots exist of, ascending.
    pub snapshots: Vec<u64>,
}

impl Registry {
    /// The registry of `project` below `root`; `None` where none was created. It reads only.
    pub async fn open(root: Arc<dyn ObjectStore>, project: &str) -> Result<Option<Self>, RegistryError> {
        let store: Arc<dyn ObjectStore> = Arc::new(Prefixed::new(root, &key_part(project))?);
        let Some(stored) = store.get(keys::REGISTRY).await? else { return Ok(None) };
        let damaged = |error: serde_json::Error| RegistryError::damaged(keys::REGISTRY, error);
        let header: Header = serde_json::from_slice(&stored.bytes).map_err(damaged)?;
        check_format(header.format, header.flowform.as_deref())?;
        let document: Document = serde_json::from_slice(&stored.bytes).map_err(damaged)?;
        if document.project != project {
            let reason = format!("it belongs to the project {:?}", document.project);
            return Err(RegistryError::damaged(keys::REGISTRY, reason));
        }
        Ok(Some(Self { store, project: document.project, id: document.registry, segments: Mutex::default() }))
    }

    /// The registry of `project` below `root`, created with the random identity `id` unless it exists: of any
    /// number of creators at the same time one decides.
    pub async fn create(
        root: Arc<dyn ObjectStore>,
        project: &str,
        id: RegistryId,
        created_at: &str,
    ) -> Result<Self, RegistryError> {
        let document = Document {
            format: FORMAT,
            flowform: env!("CARGO_PKG_VERSION").to_owned(),
            registry: id,
            project: project.to_owned(),
            created_at: created_at.to_owned(),
        };
        let bytes = serde_json::to_vec_pretty(&document)
            .map_err(|error| RegistryError::damaged(keys::REGISTRY, error))?;
        let store = Prefixed::new(Arc::clone(&root), &key_part(project))?;
        let outcome = store.put_if_absent(keys::REGISTRY, bytes).await;
        match (Self::open(root, project).await?, outcome) {
            // A lost answer does not matter once the document is there.
            (Some(registry), _) => Ok(registry),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(PutOutcome::Written(_) | PutOutcome::Refused)) => {
                Err(RegistryError::damaged(keys::REGISTRY, "it disappeared right after it was written"))
            }
        }
    }

    /// The registry's identity.
    pub fn id(&self) -> &RegistryId {
        &self.id
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The project's part of the store: what a lease, and a provider that keeps its artifacts here, work on.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// Everything recorded: the newest usable snapshot and the segments after it.
    pub async fn load(&self) -> Result<Loaded, RegistryError> {
        let mut warnings = Vec::new();
        let mut calls = 1;
        let snapshots = self.seqs(keys::SNAPSHOTS, None).await?;
        let mut base = None;
        for seq in snapshots.iter().rev() {
            calls += 1;
            // One that was pruned since the listing is as good as one that never was: the log has everything.
            let Some(stored) = self.store.get(&keys::snapshot(*seq)).await? else { continue };
            match decode(&stored.bytes) {
                Ok((view, bytes)) if view.seq == *seq && view.registry == self.id => {
                    base = Some((view, bytes));
                    break;
                }
                Ok(_) => warnings.push(unusable(*seq, "it is of another registry or another moment")),
                Err(Unusable::Newer(format)) => check_format(format, None)?,
                Err(Unusable::Damaged(reason)) => warnings.push(unusable(*seq, &reason)),
            }
        }
        let (view, snapshot_bytes) = base.unwrap_or_else(|| (self.empty(), 0));
        self.replay(view, Tail { snapshot_bytes, ..Tail::default() }, calls, warnings, snapshots).await
    }

    /// Everything recorded, from the log alone, and a fresh snapshot of it in the place of whatever snapshot
    /// there was; an error where a snapshot knows more than the log. The caller holds the lease.
    pub async fn rebuild(&self) -> Result<Loaded, RegistryError> {
        let snapshots = self.seqs(keys::SNAPSHOTS, None).await?;
        let mut loaded = self.replay(self.empty(), Tail::default(), 1, Vec::new(), snapshots).await?;
        let seq = loaded.view.seq;
        if let Some(ahead) = loaded.snapshots.iter().rev().find(|snapshot| **snapshot > seq) {
            // The snapshot is then the only one to know; writing an older state over it would lose that.
            let reason = format!("it ends with segment {seq}, but there is a snapshot of segment {ahead}");
            return Err(RegistryError::damaged(keys::LOG, reason));
        }
        if seq > 0 {
            let snapshot_bytes = self.write_snapshot(&loaded.view).await?;
            loaded.tail = Tail { snapshot_bytes, ..Tail::default() };
            if !loaded.snapshots.contains(&seq) {
                loaded.snapshots.push(seq);
            }
        }
        Ok(loaded)
    }

    /// The definition of a version: from the view, or from the segment that it was recorded in; `None` where the
    /// version does not exist or its definition is not known.
    pub async fn definition(
        &self,
        view: &View,
        flow: &FlowId,
        version: u32,
    ) -> Result<Option<Box<RawValue>>, RegistryError> {
        let Some(record) = view.flows.get(flow).and_then(|flow| flow.version(version)) else {
            return Ok(None);
        };
        let seq = match &record.definition {
            DefinitionAt::Unknown => return Ok(None),
            DefinitionAt::Inline(definition) => return Ok(Some((**definition).to_owned())),
            DefinitionAt::Segment(seq) => *seq,
        };
        let segment = self.cached_segment(seq).await?;
        let found = segment.events.iter().rev().find_map(|event| definition_in(event, flow, version));
        match found {
            Some(definition) => Ok(Some(definition.to_owned())),
            None => {
                let reason = format!("the definition of version {version} of the flow {flow} is not in it");
                Err(RegistryError::damaged(keys::segment(seq), reason))
            }
        }
    }

    /// Writes the snapshot of `view`, and returns its size before compression.
    pub(super) async fn write_snapshot(&self, view: &View) -> Result<u64, RegistryError> {
        let key = keys::snapshot(view.seq);
        let (bytes, size) = encode(view).map_err(|reason| RegistryError::damaged(&*key, reason))?;
        // Whatever is there is of the same log, or damaged.
        self.store.put(&key, bytes).await?;
        Ok(size)
    }

    fn empty(&self) -> View {
        View::new(self.id.clone(), self.project.clone())
    }

    /// The numbers of the objects below `prefix`, ascending.
    async fn seqs(&self, prefix: &str, after: Option<&str>) -> Result<Vec<u64>, ProviderError> {
        let entries = self.store.list(prefix, after).await?;
        let mut seqs: Vec<u64> = entries.iter().filter_map(|entry| keys::seq_of(&entry.key)).collect();
        seqs.sort_unstable();
        Ok(seqs)
    }

    async fn replay(
        &self,
        mut view: View,
        mut tail: Tail,
        mut calls: u64,
        warnings: Vec<String>,
        snapshots: Vec<u64>,
    ) -> Result<Loaded, RegistryError> {
        calls += 1;
        let listed = self.seqs(keys::LOG, Some(&keys::segment(view.seq))).await?;
        let last = listed.last().copied().unwrap_or(view.seq);
        while view.seq < last {
            // By number and not as listed: a listing may miss a segment that was written while it was made.
            let numbers = view.seq.saturating_add(1)..=last.min(view.seq.saturating_add(READS));
            for (seq, read) in read_all(&self.store, numbers).await? {
                calls += 1;
                let Some(bytes) = read else { return Err(RegistryError::Gap { missing: seq, last }) };
                tail.bytes += bytes.len() as u64;
                tail.segments += 1;
                fold_segment(&mut view, parse_segment(seq, &bytes)?)?;
            }
        }
        Ok(Loaded { view, warnings, calls, tail, snapshots })
    }

    async fn cached_segment(&self, seq: u64) -> Result<Arc<Segment>, RegistryError> {
        if let Some(segment) = self.segments.lock().unwrap_or_else(PoisonError::into_inner).get(&seq) {
            return Ok(Arc::clone(segment));
        }
        let Some(stored) = self.store.get(&keys::segment(seq)).await? else {
            return Err(RegistryError::Gap { missing: seq, last: seq });
        };
        let segment = Arc::new(parse_segment(seq, &stored.bytes)?);
        let mut cache = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED {
            cache.pop_first();
        }
        cache.insert(seq, Arc::clone(&segment));
        Ok(segment)
    }
}

/// Refuses a format that this program does not know.
fn check_format(format: u32, flowform: Option<&str>) -> Result<(), RegistryError> {
    if format <= FORMAT {
        return Ok(());
    }
    let install = match flowform {
        Some(version) => format!("flowform {version} or newer"),
        None => "the newest flowform".to_owned(),
    };
    Err(RegistryError::NewerFormat { found: format, understood: FORMAT, install })
}

fn unusable(seq: u64, reason: &str) -> String {
    format!(
        "the snapshot of segment {seq} cannot be used ({reason}); what it held was read from the log instead. \
         `flowform state rebuild` writes a new one"
    )
}

fn parse_segment(seq: u64, bytes: &[u8]) -> Result<Segment, RegistryError> {
    match serde_json::from_slice::<Segment>(bytes) {
        Ok(segment) => {
            check_format(segment.format, None)?;
            if segment.seq != seq {
                let reason = format!("it says that it is segment {}", segment.seq);
                return Err(RegistryError::damaged(keys::segment(seq), reason));
            }
            Ok(segment)
        }
        Err(error) => {
            if let Ok(Header { format, flowform }) = serde_json::from_slice(bytes) {
                check_format(format, flowform.as_deref())?;
            }
            Err(RegistryError::damaged(keys::segment(seq), error))
        }
    }
}

/// The contents of the segments `numbers`, in order, read at the same time.
async fn read_all(
    store: &Arc<dyn ObjectStore>,
    numbers: std::ops::RangeInclusive<u64>,
) -> Result<BTreeMap<u64, Option<Vec<u8>>>, RegistryError> {
    let mut tasks = JoinSet::new();
    for seq in numbers {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let read = store.get(&keys::segment(seq)).await;
            (seq, read.map(|stored| stored.map(|stored| stored.bytes)))
        });
    }
    let mut read = BTreeMap::new();
    while let Some(task) = tasks.join_next().await {
        let (seq, bytes) = task.map_err(|error| RegistryError::damaged("log", error))?;
        read.insert(seq, bytes?);
    }
    Ok(read)
}
