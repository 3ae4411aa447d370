//! A split taken back: the same split of an earlier state gives what there is now, so what there was then
//! comes again.

use camino::Utf8Path;

use super::kept::both;
use super::{By, Merged, roots_of};
use crate::lock::Lock;
use crate::nix::{Declaration, Declarations};
use crate::partition::outline::source;
use crate::partition::plan::{Moved, Plan};
use crate::partition::{AtHand, Files, Flake, Followers, Partition, Request};

/// A split of an earlier state that gives what there is now.
pub(super) struct Replay<'a> {
    /// The files now.
    pub(super) now: &'a Files,
    /// The flake that they are.
    pub(super) flake: &'a Flake,
    /// The files in the state before.
    pub(super) then: &'a Files,
    /// What is at hand of the inputs.
    pub(super) at_hand: AtHand<'a>,
}

impl Replay<'_> {
    /// The files without the partition; `None` where no split made them what they are.
    pub(super) fn without(&self, partition: &str) -> Option<Merged> {
        let then = Flake::read(self.then, self.at_hand).ok()?;
        let mut new: Vec<&Partition> =
            self.flake.partitions.values().filter(|it| !then.partitions.contains_key(&it.name)).collect();
        // In the order in which they were imported, as far as there is one.
        new.sort_by_key(|it| self.flake.flake_nix.text().find(it.module.0.as_str()));
        let alone: Vec<&Partition> = new.iter().copied().filter(|it| it.name == partition).collect();
        let together = (new.len() > 1).then_some(new);
        together.into_iter().chain([alone]).find_map(|splits| {
            let (with, moved) = self.split(&then, &splits)?;
            let others: Vec<&Partition> = splits.into_iter().filter(|it| it.name != partition).collect();
            let (without, _) = self.split(&then, &others)?;
            let moved = moved.into_iter().find(|moved| moved.partition == partition)?;
            self.taken_back(&with, without, moved)
        })
    }

    /// The state before with these partitions.
    fn split(&self, then: &Flake, partitions: &[&Partition]) -> Option<(Files, Vec<Moved>)> {
        let (mut files, mut all) = (self.then.clone(), Vec::new());
        for partition in partitions {
            let groups = self.groups(then, partition)?;
            let mut moved: Option<Moved> = None;
            for (at, inputs) in groups.iter().enumerate() {
                let attrs = if at + 1 == groups.len() {
                    partition.attrs.iter().cloned().collect()
                } else {
                    Vec::new()
                };
                let request = |followers| Request {
                    inputs: inputs.clone(),
                    partition: Some(partition.name.clone()),
                    attrs: attrs.clone(),
                    folder: partition.folder.clone().filter(|_| at == 0),
                    followers,
                    proven: true,
                    ..Request::default()
                };
                let plan = [None, Some(Followers::Cut)]
                    .into_iter()
                    .find_map(|followers| Plan::split(&files, self.at_hand, &request(followers)).ok())?;
                for (path, change) in plan.changes.iter() {
                    match &change.after {
                        Some(bytes) => files.insert(path.to_owned(), bytes.clone()),
                        None => files.remove(path),
                    };
                }
                moved = Some(joined(moved, plan.partitions.into_iter().next()?));
            }
            all.extend(moved);
        }
        Some((files, all))
    }

    /// The inputs of a partition as they came into it, together or one after another: a split writes them in
    /// the order of flake.nix, and the aliases that they need behind them.
    fn groups(&self, then: &Flake, partition: &Partition) -> Option<Vec<Vec<String>>> {
        let nested = source(self.now, partition.folder.as_ref()?.join("flake.nix").as_str()).ok()?;
        let declarations = Declarations::read(&nested).ok()?;
        let mut inputs: Vec<&Declaration> = declarations.inputs.values().collect();
        inputs.sort_by_key(|input| input.line);
        let mut groups: Vec<Vec<String>> = Vec::new();
        let mut last = usize::MAX;
        for input in inputs {
            let Some(declared) = then.declarations.inputs.get(&input.name) else {
                last = usize::MAX;
                continue;
            };
            match groups.last_mut() {
                Some(group) if last < declared.line => group.push(input.name.clone()),
                _ => groups.push(vec![input.name.clone()]),
            }
            last = declared.line;
        }
        Some(groups).filter(|groups| !groups.is_empty())
    }

    /// The files now with what makes the difference between `with` and `without` taken back. What was
    /// changed elsewhere since then stays.
    fn taken_back(&self, with: &Files, without: Files, moved: Moved) -> Option<Merged> {
        let back = moved.renamed.into_iter().map(|(from, to)| (to, from)).collect();
        let moved = Moved { renamed: back, ..moved };
        let nested = moved.folder.join("flake.lock");
        let root = Utf8Path::new("flake.lock");
        let (mut files, mut by) = (self.now.clone(), By::Restoring);
        let touched = |path: &&Utf8Path| with.get(*path) != without.get(*path);
        let paths = with.keys().chain(without.keys()).map(|path| path.as_path());
        for path in paths.filter(touched).filter(|path| *path != root && *path != nested) {
            let (now, with, without) = (self.now.get(path), with.get(path), without.get(path));
            let back = match (now, with, without) {
                _ if now == with => without.cloned(),
                (Some(now), Some(with), Some(without)) => {
                    let [now, with, without] =
                        [now, with, without].map(|bytes| std::str::from_utf8(bytes).ok());
                    by = By::Undoing;
                    Some(both(with?, now?, without?)?.into_bytes())
                }
                _ => return None,
            };
            match back {
                Some(bytes) => files.insert(path.to_owned(), bytes),
                None => files.remove(path),
            };
        }
        files.remove(&nested);
        // Updated since, a lock has other revisions.
        let is_same = |path| self.now.get(path) == with.get(path);
        let lock = if is_same(root) && is_same(&nested) {
            without.get(root)?.clone()
        } else {
            let lock = Lock::parse(self.now.get(&nested)?).ok()?;
            let inputs: Vec<&str> = moved.inputs.iter().map(String::as_str).collect();
            self.flake.lock.graft(&lock, &inputs, &roots_of(&moved.aliases)).ok()?.to_bytes()
        };
        files.insert(root.to_owned(), lock);
        Some(Merged { files, moved, by })
    }
}

/// What came into a partition in two steps.
fn joined(before: Option<Moved>, mut then: Moved) -> Moved {
    if let Some(before) = before {
        then.inputs.extend(before.inputs);
        then.inputs.sort();
        then.aliases.extend(before.aliases);
        then.renamed.extend(before.renamed);
    }
    then
}
