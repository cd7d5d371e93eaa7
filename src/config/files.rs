//! IO: the files that functions read, confined to the configuration's directory. Each is read once; what was read
//! can be kept with a saved plan and given back in place of the directory.

#![allow(clippy::disallowed_methods, reason = "this file is the edge through which functions read files")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::eval::functions::Environment;

/// The largest file that a function reads, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// The most files that are listed below a directory.
const MAX_LISTED: usize = 100_000;

/// What functions may read.
#[derive(Debug)]
pub struct Files {
    /// The configuration's directory; `None` when only what was read before is there.
    directory: Option<PathBuf>,
    /// Directories of modules, which may lie outside of it; relative to it.
    modules: Vec<String>,
    read: RefCell<BTreeMap<String, Result<Vec<u8>, String>>>,
}

impl Files {
    /// The files below `directory`.
    pub fn below(directory: PathBuf) -> Self {
        Self { directory: Some(directory), modules: Vec::new(), read: RefCell::default() }
    }

    /// Files below `modules` may be read too: directories, relative to the first one.
    #[must_use]
    pub fn and(mut self, modules: impl IntoIterator<Item = String>) -> Self {
        self.modules.extend(modules.into_iter().filter(|module| module != "."));
        self
    }

    /// Only the files that were read when a plan was made.
    pub fn kept(files: BTreeMap<String, Vec<u8>>) -> Self {
        let read = files.into_iter().map(|(path, bytes)| (path, Ok(bytes))).collect();
        Self { directory: None, modules: Vec::new(), read: RefCell::new(read) }
    }

    /// What was read so far, by path as written.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let read = self.read.borrow();
        let good =
            read.iter().filter_map(|(path, result)| Some((path.clone(), result.as_ref().ok()?.clone())));
        good.collect()
    }

    /// The path on disk, inside the directory even through links; `None` when there is no such file.
    fn locate(&self, path: &str) -> Result<Option<PathBuf>, String> {
        let Some(directory) = &self.directory else {
            return Err("it was not read when the plan was made".to_owned());
        };
        let outside = || {
            format!(
                "`{path}` leads out of the configuration; only files below its directory are read, so that a plan is the same on every machine"
            )
        };
        let relative = Path::new(path);
        let is_absolute = |part| matches!(part, Component::RootDir | Component::Prefix(_));
        if relative.components().any(is_absolute) {
            return Err(outside());
        }
        let named = super::modules::join(".", path);
        let module = self.modules.iter().find(|module| {
            named.strip_prefix(module.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if module.is_none() && leads_out(relative) {
            return Err(outside());
        }
        let real = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
        let base = real(directory)?;
        let inside = match module {
            Some(module) => real(&base.join(module))?,
            None => base.clone(),
        };
        match base.join(named).canonicalize() {
            Ok(found) if found.starts_with(&base) || found.starts_with(&inside) => Ok(Some(found)),
            Ok(_) => Err(outside()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The regular files below a directory, sorted, as paths from there. Links to directories are not followed, so that
    /// there is no circle.
    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        let Some(start) = self.locate(path)? else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        let mut open = vec![start.clone()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).map_err(|error| error.to_string())? {
                let entry = entry.map_err(|error| error.to_string())?;
                let kind = entry.file_type().map_err(|error| error.to_string())?;
                if kind.is_dir() {
                    open.push(entry.path());
                } else if entry.path().is_file() {
                    let path = entry.path();
                    let relative = path.strip_prefix(&start).ok().and_then(Path::to_str);
                    let relative = relative.filter(|relative| !relative.contains('\n'));
                    files.push(relative.ok_or("a file name is not valid UTF-8")?.to_owned());
                }
                if files.len() + open.len() > MAX_LISTED {
                    return Err(format!("there are more than {MAX_LISTED} files below `{path}`"));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        let found =
            self.locate(path)?.ok_or_else(|| format!("there is no file `{path}` in the configuration"))?;
        let size = fs::metadata(&found).map_err(|error| error.to_string())?.len();
        if size > MAX_FILE {
            return Err(format!("`{path}` is larger than {} MiB", MAX_FILE >> 20));
        }
        fs::read(&found).map_err(|error| error.to_string())
    }
}

impl Environment for Files {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let result = self.load(path);
        self.read.borrow_mut().insert(path.to_owned(), result.clone());
        result
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        if let Some(known) = self.read.borrow().get(path) {
            return Ok(known.is_ok());
        }
        match self.locate(path)? {
            Some(found) if found.is_dir() => Err(format!("`{path}` is a directory, not a file")),
            found => Ok(found.is_some_and(|found| found.is_file())),
        }
    }

    fn list_files(&self, directory: &str) -> Result<Vec<String>, String> {
        // A listing is kept beside the files, under a name that no file has, so that a saved plan has it too.
        let name = format!("{directory}/");
        let known = self.read.borrow().get(&name).cloned();
        let listing = match known {
            Some(known) => known,
            None => {
                let listing = self.list(directory).map(|files| files.join("\n").into_bytes());
                self.read.borrow_mut().insert(name, listing.clone());
                listing
            }
        };
        let text = String::from_utf8(listing?).map_err(|_| "a file name is not valid UTF-8".to_owned())?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// Whether a path leaves the directory that it starts from on its way.
fn leads_out(path: &Path) -> bool {
    let mut depth = 0_usize;
    path.components().any(|part| match part {
        Component::RootDir | Component::Prefix(_) => true,
        Component::ParentDir if depth == 0 => true,
        Component::ParentDir => {
            depth -= 1;
            false
        }
        Component::Normal(_) => {
            depth += 1;
            false
        }
        Component::CurDir => false,
    })
}
