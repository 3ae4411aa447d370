//! The plan that moves inputs into a partition. Making one writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::SplitError;
use super::layout::is_plain;
use super::lock_readers::follow_locks;
use super::outline::source;
use super::plan::{Moved, Plan};
use super::update_jobs::update_jobs;
use super::{AtHand, Blocker, Files, Flake, Followers, Reason};
use crate::finding::{Code, Finding};
use crate::nix::{
    Declaration, Declarations, NestedFlake, add_import, joined, partition_module, rebased, relative,
    remove_inputs,
};

/// Until 2025-11-06 flake-parts fetched flake-compat from the network to load a partition.
const VENDORED_SINCE: i64 = 1_762_387_200;

/// What is asked of a split.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The inputs to move; none means a proposal.
    pub inputs: Vec<String>,
    /// Every proposal, not just one.
    pub all: bool,
    /// With `inputs` the partition's name; without, which proposal.
    pub partition: Option<String>,
    /// Outputs to route besides those that need it.
    pub attrs: Vec<String>,
    /// The folder of the nested flake, relative to the flake.
    pub folder: Option<Utf8PathBuf>,
    /// What becomes of inputs that follow those that are named and stay at the root; none: no split.
    pub followers: Option<Followers>,
    /// Whether Nix will prove the split: then inputs that are named may move even where it cannot be seen
    /// which outputs need them.
    pub proven: bool,
}

impl Plan {
    /// Plans a split of the flake in `files`, with what is `at_hand` of its inputs.
    pub fn split(files: &Files, at_hand: AtHand<'_>, request: &Request) -> Result<Plan, SplitError> {
        let mut flake = Flake::read(files, at_hand)?;
        let mut plan =
            Plan { root_nodes_before: flake.nodes, root_nodes_after: flake.nodes, ..Plan::default() };
        let flake_parts = flake.flake_parts().ok_or_else(|| flake.no_flake_parts())?.to_owned();
        let mut after = files.clone();
        if request.followers == Some(Followers::Cut) {
            flake.cut_followers(&request.inputs, &mut after)?;
            flake = Flake::read(&after, at_hand)?;
        }
        let mut readers = Vec::new();
        while let Some(choice) = Choice::make(&flake, request, plan.partitions.len())? {
            if flake.undeclared(&choice.inputs, &mut after) {
                flake = Flake::read(&after, at_hand)?;
            }
            let moved = step(&flake, &flake_parts, &choice, &mut after)?;
            plan.partitions.push(moved);
            plan.notes.extend(choice.notes.clone());
            let next = Flake::read(&after, at_hand)?;
            consistent(&flake, &next, &choice)?;
            readers.extend(follow_locks(&flake, &next, &mut after));
            flake = next;
            if !request.all {
                break;
            }
        }
        plan.root_nodes_after = flake.nodes;
        plan.change(files, after);
        plan.notes.extend(notes(&plan, flake.flake_parts_modified()));
        for moved in &plan.partitions {
            plan.notes.extend(update_jobs(files, moved));
        }
        readers.dedup();
        plan.notes.extend(readers);
        Ok(plan)
    }
}

/// What one step moves, and to where.
struct Choice {
    inputs: Vec<String>,
    attrs: BTreeSet<String>,
    partition: String,
    folder: Utf8PathBuf,
    /// Whether the partition is there already.
    joins: bool,
    /// What may be in the way.
    notes: Vec<Finding>,
}

impl Choice {
    /// The inputs that were asked for, or the best proposal; `None` where nothing is left to do.
    fn make(flake: &Flake, request: &Request, done: usize) -> Result<Option<Choice>, SplitError> {
        let (inputs, mut attrs, proposed_name) = if request.inputs.is_empty() {
            let proposals = flake.proposals();
            let proposal = match &request.partition {
                Some(name) if done == 0 => {
                    let found = proposals.iter().find(|proposal| proposal.partition == *name);
                    if found.is_none() && flake.partitions.contains_key(name) {
                        return Ok(None);
                    }
                    Some(found.ok_or_else(|| SplitError::NoSuchProposal {
                        name: name.clone(),
                        proposed: proposals.iter().map(|proposal| proposal.partition.clone()).collect(),
                    })?)
                }
                _ => proposals.first(),
            };
            let Some(proposal) = proposal else { return Ok(None) };
            (
                proposal.inputs.clone(),
                proposal.attrs.iter().cloned().collect(),
                Some(proposal.partition.clone()),
            )
        } else {
            let inputs = asked_for(flake, &request.inputs)?;
            let inputs = match request.followers {
                Some(followers) if !inputs.is_empty() => {
                    let moving = flake.with_followers(&inputs, followers);
                    if moving.is_empty() {
                        return Err(SplitError::AllFollowed { inputs: inputs.join(", ") });
                    }
                    moving
                }
                _ => inputs,
            };
            if inputs.is_empty() {
                return Ok(None);
            }
            let attrs = inputs.iter().flat_map(|input| match request.proven {
                true => flake.seen_attrs_of(input),
                false => flake.attrs_of(input),
            });
            let attrs: BTreeSet<String> = attrs.collect();
            (inputs, attrs, request.partition.clone())
        };
        if done == 0 {
            if let Some(attr) = request.attrs.iter().find(|attr| !is_plain(attr)) {
                return Err(SplitError::BadAttr { attr: attr.clone() });
            }
            attrs.extend(request.attrs.iter().cloned());
        }
        if let Some(obstacle) = flake.obstacle() {
            return Err(obstacle);
        }
        let host = match &request.partition {
            Some(name) if !is_plain(name) => return Err(SplitError::BadName { name: name.clone() }),
            Some(name) if flake.partitions.contains_key(name) => Some(name.clone()),
            _ => flake.host(&attrs)?.map(str::to_owned),
        };
        let named = !request.inputs.is_empty();
        let notes = refuse_blocked(flake, &inputs, named && request.proven)?;
        if attrs.is_empty() {
            return Err(SplitError::NoAttrs { inputs: inputs.join(", ") });
        }
        let joins = host.is_some();
        let partition = host.or(proposed_name).unwrap_or_else(|| flake.partition_name(&inputs, &attrs));
        let there = flake.partitions.get(&partition).and_then(|partition| partition.folder.clone());
        let folder = match (&request.folder, there) {
            (_, Some(folder)) => folder,
            (Some(folder), None) if done == 0 => requested_folder(folder)?,
            _ => flake.folder(&partition),
        };
        Ok(Some(Choice { inputs, attrs, partition, folder, joins, notes }))
    }
}

/// A folder inside of the flake that a Nix path literal can name.
fn requested_folder(folder: &Utf8Path) -> Result<Utf8PathBuf, SplitError> {
    // Nix: PATH_CHAR in `src/libexpr/lexer.l`.
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+".contains(char);
    // What lies below `.git` is git's own.
    let is_git = folder.components().any(|part| part.as_str() == ".git");
    if is_git || !folder.as_str().chars().all(plain) {
        return Err(SplitError::FolderName { folder: folder.to_owned() });
    }
    joined(Utf8Path::new("flake.nix"), folder.as_str())
        .filter(|folder| !folder.as_str().is_empty())
        .ok_or_else(|| SplitError::FolderLeaves { folder: folder.to_owned() })
}

/// The named inputs that are still at the root. One that lives in a partition already is no error.
fn asked_for(flake: &Flake, names: &[String]) -> Result<Vec<String>, SplitError> {
    let mut inputs = BTreeSet::new();
    for name in names {
        if flake.declarations.inputs.contains_key(name) {
            inputs.insert(name.clone());
        } else if !flake.partitions.values().any(|partition| partition.holds.contains(name)) {
            let known = flake.declarations.inputs.keys().cloned().collect();
            return Err(SplitError::UnknownInput { input: name.clone(), known });
        }
    }
    Ok(inputs.into_iter().collect())
}

/// Refuses inputs that something keeps at the root. That no code names an input is no obstacle to who
/// asks for it by name. What only may be one is told, where a `proof` follows.
fn refuse_blocked(flake: &Flake, inputs: &[String], proof: bool) -> Result<Vec<Finding>, SplitError> {
    let moving: BTreeSet<&str> = inputs.iter().map(String::as_str).collect();
    let blockers = moving.iter().flat_map(|input| flake.blockers(input, &moving));
    let blockers = blockers.filter(|blocker| blocker.reason != Reason::NoSites);
    let (possible, blockers): (Vec<Blocker>, Vec<Blocker>) =
        blockers.partition(|blocker| proof && blocker.possible);
    if !blockers.is_empty() {
        return Err(SplitError::Blocked(blockers));
    }
    let mut notes: Vec<Finding> = Vec::new();
    for Blocker { input, reason, place, .. } in possible {
        // One place for each input is enough to look at.
        if notes.last().is_some_and(|note| note.message.starts_with(&format!("{input} "))) {
            continue;
        }
        let (file, line) = place.unzip();
        let note = Finding::new(Code::MayBeNeeded, format!("{input} may be needed at the root: {reason}"))
            .help("the proof tells; route an output that needs it with `--attr OUTPUT`");
        notes.push(match file {
            Some(file) => note.at(file, line),
            None => note,
        });
    }
    Ok(notes)
}

/// Moves the inputs of one choice within `files`.
fn step(flake: &Flake, flake_parts: &str, choice: &Choice, files: &mut Files) -> Result<Moved, SplitError> {
    let names: Vec<&str> = choice.inputs.iter().map(String::as_str).collect();
    let elsewhere = |attr: &&String| flake.routed.get(*attr).is_some_and(|(it, ..)| *it != choice.partition);
    if let Some(attr) = choice.attrs.iter().find(elsewhere) {
        let first = (attr.clone(), flake.routed.get(attr).map_or(String::new(), |(it, ..)| it.clone()));
        let second = (attr.clone(), choice.partition.clone());
        return Err(SplitError::TwoPartitions { first, second });
    }
    let root_lock = flake.lock.prune(&names)?;
    let (renamed, aliases, nested_lock, wiring) = if choice.joins {
        let join = flake.join(&choice.partition, &names)?;
        let (modules, renamed) = relocate(flake, choice, files)?;
        let nested = join.flake_nix(flake, &choice.inputs, files)?;
        files.insert(join.folder().join("flake.nix"), nested.into_bytes());
        let wiring = join.wiring(flake, files, &choice.attrs, &modules, flake_parts);
        (renamed, join.aliases, join.lock, wiring)
    } else {
        let module = place(flake, choice)?;
        let aliases = aliases_for(flake, &names);
        let nested_lock = flake.lock.extract(&names, &aliases)?;
        let nested = nested_flake(flake, choice, &aliases);
        let (modules, renamed) = relocate(flake, choice, files)?;
        files.insert(choice.folder.join("flake.nix"), nested.into_bytes());
        let attrs: Vec<&str> = choice.attrs.iter().map(String::as_str).collect();
        let folder = relative(&module, &choice.folder);
        let paths: Vec<String> = modules.iter().map(|path| relative(&module, path)).collect();
        let text = partition_module(&choice.partition, &attrs, Some(&folder), &paths, flake_parts);
        (renamed, aliases, nested_lock, Some((module, text)))
    };
    let flake_nix = source(files, "flake.nix")?;
    let text = remove_inputs(&flake_nix, &Declarations::read(&flake_nix)?, &names)?.apply(flake_nix.text());
    files.insert("flake.nix".into(), text.into_bytes());
    if let Some((module, text)) = wiring {
        if flake.module_tree.is_none() && !files.contains_key(&module) {
            let flake_nix = source(files, "flake.nix")?;
            let import = add_import(&flake_nix, true, &relative(Utf8Path::new("flake.nix"), &module))?;
            files.insert("flake.nix".into(), import.apply(flake_nix.text()).into_bytes());
        }
        files.insert(module, text.into_bytes());
    }
    files.insert("flake.lock".into(), root_lock.to_bytes());
    files.insert(choice.folder.join("flake.lock"), nested_lock.to_bytes());
    Ok(Moved {
        partition: choice.partition.clone(),
        inputs: choice.inputs.clone(),
        attrs: choice.attrs.iter().cloned().collect(),
        folder: choice.folder.clone(),
        aliases,
        nested_nodes: nested_lock.nodes.len() - 1,
        renamed,
    })
}

/// Moves the code that has to go with the inputs; gives the modules that the partition gets, and those of
/// them that were elsewhere.
fn relocate(
    flake: &Flake,
    choice: &Choice,
    files: &mut Files,
) -> Result<(Vec<Utf8PathBuf>, BTreeMap<Utf8PathBuf, Utf8PathBuf>), SplitError> {
    let moving = choice.inputs.iter().map(String::as_str).collect();
    let folder = flake.code_folder(&choice.folder);
    let relocated = flake.relocated(&moving, &choice.attrs, &folder).map_err(SplitError::Stuck)?;
    let (mut modules, mut renamed) = (Vec::new(), BTreeMap::new());
    for (path, edits) in relocated.edits {
        let before = source(files, path.as_str())?;
        files.insert(path, edits.apply(before.text()).into_bytes());
    }
    for (path, text) in relocated.modules {
        let module = free_path(files, &folder, &path);
        files.insert(module.clone(), text.into_bytes());
        modules.push(module);
    }
    for path in relocated.whole {
        if !flake.is_visible(&path) {
            modules.push(path);
            continue;
        }
        // What import-tree sees it would import at the root, too.
        let module = free_path(files, &folder, &path);
        let text = rebased(&source(files, path.as_str())?, &path, &module);
        files.remove(&path);
        files.insert(module.clone(), text.into_bytes());
        renamed.insert(path, module.clone());
        modules.push(module);
    }
    Ok((modules, renamed))
}

/// Where the code of the file `from` goes in a folder: a file of the same name, or one with a number.
fn free_path(files: &Files, folder: &Utf8Path, from: &Utf8Path) -> Utf8PathBuf {
    let name = match from.file_stem() {
        _ if from == "flake.nix" => "module",
        Some("default") => from.parent().and_then(Utf8Path::file_name).unwrap_or("default"),
        stem => stem.unwrap_or("module"),
    };
    let numbered = (2..).map(|number| format!("{name}-{number}.nix"));
    let mut paths = std::iter::once(format!("{name}.nix")).chain(numbered).map(|name| folder.join(name));
    let is_free = |path: &Utf8PathBuf| !files.contains_key(path) && path.file_name() != Some("partition.nix");
    paths.find(is_free).unwrap_or_else(|| folder.join("module.nix"))
}

/// Checks that the partition has a place to go; gives the path of its module.
fn place(flake: &Flake, choice: &Choice) -> Result<Utf8PathBuf, SplitError> {
    let module = flake.module_path(&choice.partition, &choice.folder);
    let code = flake.code_folder(&choice.folder);
    if let Some(tree) = flake.module_tree.as_ref()
        && (!flake.is_visible(&module) || flake.is_visible(&code))
    {
        return Err(SplitError::FilteredTree { place: tree.place.clone() });
    }
    if let Some((place, read)) = flake.computed_from(&choice.folder) {
        return Err(SplitError::FolderRead { place, read, folder: choice.folder.clone() });
    }
    if flake.is_visible(&choice.folder) {
        return Err(SplitError::FolderVisible { folder: choice.folder.clone() });
    }
    let new = [choice.folder.join("flake.nix"), choice.folder.join("flake.lock"), module.clone()];
    // Neither the file itself may be there, nor a file where one of its folders has to be.
    let taken = new.iter().flat_map(|path| path.ancestors()).find(|path| flake.paths.contains(*path));
    match taken {
        Some(path) => Err(SplitError::FileTaken { path: path.to_owned() }),
        None => Ok(module),
    }
}

/// The names under which a nested flake pins the root inputs that its inputs follow. A nested flake
/// cannot see the root, and one that declared the root's own name would hide the root's input
/// (facts/partitions.md).
pub(super) fn aliases_for(flake: &Flake, inputs: &[&str]) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    for root in flake.lock.follows_leaving(inputs).into_keys() {
        let taken = |name: &String| flake.lock.root_inputs().contains_key(name);
        let mut name = format!("root-{root}");
        while taken(&name) {
            name.insert_str(0, "root-");
        }
        aliases.insert(root, name);
    }
    aliases
}

fn nested_flake(flake: &Flake, choice: &Choice, aliases: &BTreeMap<String, String>) -> String {
    let mut moved: Vec<&Declaration> =
        choice.inputs.iter().filter_map(|name| flake.declarations.inputs.get(name)).collect();
    moved.sort_by_key(|declaration| declaration.line);
    let mut inputs: Vec<(String, &Declaration)> =
        moved.into_iter().map(|declaration| (declaration.name.clone(), declaration)).collect();
    for (root, alias) in aliases {
        inputs.extend(flake.declarations.inputs.get(root).map(|declaration| (alias.clone(), declaration)));
    }
    let aliases = aliases.iter().map(|(root, alias)| (root.clone(), alias.clone())).collect();
    NestedFlake { partition: &choice.partition, inputs, aliases }.to_nix()
}

/// The flake after a step must be the one before it without the moved inputs, and with the partition.
fn consistent(before: &Flake, after: &Flake, choice: &Choice) -> Result<(), SplitError> {
    let kept = |flake: &Flake| -> BTreeMap<String, Vec<crate::nix::Setting>> {
        let inputs = flake.declarations.inputs.iter();
        inputs
            .filter(|(name, _)| !choice.inputs.contains(name))
            .map(|(name, declaration)| (name.clone(), declaration.settings.clone()))
            .collect()
    };
    let gone = choice.inputs.iter().all(|input| !after.declarations.inputs.contains_key(input));
    let wired = after.partitions.get(&choice.partition);
    let holds =
        wired.is_some_and(|partition| choice.inputs.iter().all(|input| partition.holds.contains(input)));
    let routed = wired.is_some_and(|partition| choice.attrs.is_subset(&partition.attrs));
    let problem = if kept(before) != kept(after) {
        "another declaration in flake.nix changed"
    } else if !gone {
        "an input is still declared in flake.nix"
    } else if !holds {
        "the nested flake does not declare the inputs"
    } else if !routed {
        "the new module does not route the outputs"
    } else {
        return Ok(());
    };
    Err(SplitError::Inconsistent(problem.to_owned()))
}

fn notes(plan: &Plan, flake_parts_modified: Option<i64>) -> Vec<Finding> {
    let mut notes = Vec::new();
    for moved in &plan.partitions {
        let inputs = moved.inputs.join(", ");
        notes.push(
            Finding::new(
                Code::ConsumersLoseInputs,
                format!("flakes that consume this one can no longer override or follow {inputs}"),
            )
            .help("say so in your release notes: it is a breaking change for those who do"),
        );
        notes.push(
            Finding::new(
                Code::UpdateNested,
                format!("`nix flake update` passes over {}/flake.lock", moved.folder),
            )
            .help("`flakepart update` updates the root's lock and all of these, in CI too"),
        );
        if flake_parts_modified.is_some_and(|date| date < VENDORED_SINCE) {
            notes.push(
                Finding::new(
                    Code::FetchesFlakeCompat,
                    "this revision of flake-parts downloads flake-compat when a partition is evaluated",
                )
                .help("`nix flake update flake-parts`: since 2025-11-06 it brings its own"),
            );
        }
    }
    notes
}
