//! `diff` for people, and as Markdown for a pull request.

use std::collections::BTreeMap;

use super::markdown::{code, room, table};
use super::text::{CYAN, DIM, GREEN, RED, YELLOW, bold, count, fits, shown, size, styled, wrapped};
use crate::date::date;
use crate::lock::{Diff, Name, OneSided, Refollowed, Target, Updated};

/// So many names of a list are told.
const NAMED: usize = 8;

/// What differs below a root input.
#[derive(Default)]
struct Below<'d> {
    came: Vec<&'d OneSided>,
    left: Vec<&'d OneSided>,
    updated: Vec<&'d Updated>,
    follows: Vec<&'d Refollowed>,
}

impl<'d> Below<'d> {
    /// By the names of the root inputs, as they are now.
    fn of(diff: &'d Diff) -> BTreeMap<&'d str, Below<'d>> {
        let mut all: BTreeMap<&str, Below<'_>> = BTreeMap::new();
        let mut at = |name: &'d Option<String>, add: &dyn Fn(&mut Below<'d>)| {
            if let Some(name) = name {
                add(all.entry(name).or_default());
            }
        };
        for one in &diff.added {
            at(&one.because, &|below| below.came.push(one));
        }
        for one in &diff.removed {
            at(&one.because, &|below| below.left.push(one));
        }
        for one in &diff.updated {
            at(&one.because, &|below| below.updated.push(one));
        }
        for one in &diff.follows {
            at(&one.because, &|below| below.follows.push(one));
        }
        all
    }

    /// `3 updated: a, b, c` and the like, each with its names in a form that `name` gives them.
    fn lines(&self, name: impl Fn(&str) -> String) -> Vec<String> {
        let line = |what: &str, paths: Vec<&[String]>| {
            let count = paths.len();
            let named: Vec<String> = paths.iter().take(NAMED).map(|path| name(&below_root(path))).collect();
            let more = match count.saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (count > 0).then(|| format!("{count} {what}: {}{more}", named.join(", ")))
        };
        let lines = [
            line("updated", self.updated.iter().map(|one| one.path.as_slice()).collect()),
            line("new", self.came.iter().map(|one| one.path.as_slice()).collect()),
            line("gone", self.left.iter().map(|one| one.path.as_slice()).collect()),
        ];
        let follows = self.follows.iter().take(NAMED);
        let follows =
            follows.map(|one| format!("{} {}", name(&below_root(&one.path)), refollowed(one, &name)));
        let more = self.follows.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("{more} more follow something else"));
        lines.into_iter().flatten().chain(follows).chain(more).collect()
    }
}

/// A path without its root input; all of it where that is the root input itself.
fn below_root(path: &[String]) -> String {
    match path {
        [_, below @ ..] if !below.is_empty() => below.join("/"),
        path => path.join("/"),
    }
}

/// What a follows leads to.
fn followed(path: &[Name], name: impl Fn(&str) -> String) -> String {
    if path.is_empty() { "this flake".to_owned() } else { name(&path.join("/")) }
}

fn refollowed(one: &Refollowed, name: impl Fn(&str) -> String) -> String {
    let whom = |path: &[Name]| followed(path, &name);
    match (&one.before, &one.after) {
        (None, Some(after)) => format!("now follows {}", whom(after)),
        (Some(before), None) => format!("no longer follows {}", whom(before)),
        (Some(before), Some(after)) => format!("follows {}, before {}", whom(after), whom(before)),
        (None, None) => String::new(),
    }
}

/// The sizes of a lock, and what differs by root input, as text of at most 80 columns.
#[must_use]
pub fn diff(lock: &str, diff: &Diff) -> String {
    let mut text = format!(
        "{}: {} -> {}, {} -> {}\n",
        bold(&shown(lock)),
        diff.before.nodes,
        count(diff.after.nodes, "node"),
        size(diff.before.bytes),
        size(diff.after.bytes)
    );
    if diff.is_empty() {
        return text + "No input differs.\n";
    }
    let mut below = Below::of(diff);
    let mut details = |text: &mut String, name: &str| {
        for line in below.remove(name).unwrap_or_default().lines(shown) {
            text.push_str(&wrapped("      ", &line));
        }
    };
    let head = |text: &mut String, style, what: &str, any: bool| {
        if any {
            text.push_str(&format!("\n{}\n", styled(style, what)));
        }
    };
    for (what, style, list) in [("Added", GREEN, &diff.added), ("Removed", RED, &diff.removed)] {
        let mut list = list.iter().filter(|one| one.because.is_none()).peekable();
        head(&mut text, style, what, list.peek().is_some());
        for one in list {
            let name = one.path.join("/");
            text.push_str(&entry(&shown(&name), &presence(one)));
            details(&mut text, &name);
        }
    }
    head(&mut text, CYAN, "Renamed", !diff.renamed.is_empty());
    for one in &diff.renamed {
        let (before, after) = (one.before.join("/"), one.after.join("/"));
        text.push_str(&entry(&shown(&after), &[format!("before {}", shown(&before)), pinned(&one.locked)]));
        details(&mut text, &after);
    }
    let mut updated = diff.updated.iter().filter(|one| one.because.is_none()).peekable();
    head(&mut text, YELLOW, "Updated", updated.peek().is_some());
    for one in updated {
        let name = one.path.join("/");
        text.push_str(&entry(
            &shown(&name),
            &one.after.reference.as_deref().map(shown).into_iter().collect::<Vec<_>>(),
        ));
        for line in change(one) {
            text.push_str(&wrapped("      ", &line));
        }
        if let Some(link) = &one.link {
            text.push_str(&format!("      {}\n", styled(DIM, &shown(link))));
        }
        details(&mut text, &name);
    }
    let mut follows = diff.follows.iter().filter(|one| one.because.is_none()).peekable();
    head(&mut text, CYAN, "Follows", follows.peek().is_some());
    for one in follows {
        let name = one.path.join("/");
        text.push_str(&wrapped("  ", &format!("{} {}", bold(&shown(&name)), refollowed(one, shown))));
        details(&mut text, &name);
    }
    head(&mut text, CYAN, "Below inputs that are the same themselves", !below.is_empty());
    for (name, below) in below {
        text.push_str(&format!("  {}\n", bold(&shown(name))));
        for line in below.lines(shown) {
            text.push_str(&wrapped("      ", &line));
        }
    }
    if diff.more > 0 {
        text.push_str(&format!("\nand {} more\n", count(diff.more, "difference")));
    }
    text
}

/// An input's name, and what is to be said of it: in one line, or each fact in one of its own.
fn entry(name: &str, facts: &[String]) -> String {
    let parts: Vec<&str> = [name].into_iter().chain(facts.iter().map(String::as_str)).collect();
    let apart = if fits(&format!("  {}", parts.join("  "))) { "  " } else { "\n      " };
    format!("  {}\n", [&[bold(name)], facts].concat().join(apart))
}

/// `5070d5f0eb of 2026-01-12`
fn pinned(target: &Target) -> String {
    let rev = target.rev.as_ref().or(target.nar_hash.as_ref());
    let rev = rev.map(|rev| shown(&rev.chars().take(10).collect::<String>()));
    let date = target.last_modified.map(|modified| format!("of {}", date(modified)));
    rev.into_iter().chain(date).collect::<Vec<_>>().join(" ")
}

fn presence(one: &OneSided) -> Vec<String> {
    match (&one.locked, &one.follows) {
        (Some(target), _) => {
            target.reference.as_deref().map(shown).into_iter().chain([pinned(target)]).collect()
        }
        (None, Some(follows)) => vec![format!("follows {}", followed(follows, shown))],
        (None, None) => Vec::new(),
    }
}

/// What an update did: to the revision, and to the reference.
fn change(one: &Updated) -> Vec<String> {
    let (before, after) = (pinned(&one.before), pinned(&one.after));
    let revision = if one.before.rev == one.after.rev && one.before.nar_hash == one.after.nar_hash {
        format!("{after} as before")
    } else {
        format!("{before} -> {after}")
    };
    let was = one.before.reference.as_deref().filter(|_| one.before.reference != one.after.reference);
    [revision].into_iter().chain(was.map(|was| format!("instead of {}", shown(was)))).collect()
}

/// A table for a comment on a pull request.
#[must_use]
pub fn diff_markdown(lock: &str, diff: &Diff) -> String {
    let mut text = format!(
        "**{}**: {} → {}, {} → {}\n\n",
        code(lock),
        diff.before.nodes,
        count(diff.after.nodes, "node"),
        size(diff.before.bytes),
        size(diff.after.bytes)
    );
    if diff.is_empty() {
        return text + "No input differs.\n";
    }
    let mut below = Below::of(diff);
    let mut rows = Vec::new();
    let mut row = |name: &str, label: &str, change: &str, before: &str, after: &str| {
        let lines = below.remove(name).unwrap_or_default().lines(code);
        let change = [change.to_owned()].into_iter().filter(|change| !change.is_empty()).chain(lines);
        let change = change.collect::<Vec<_>>().join("<br>");
        rows.push(format!("| {label} | {change} | {before} | {after} |"));
    };
    let presence = |one: &OneSided| match &one.follows {
        Some(follows) => format!("follows {}", followed(follows, code)),
        None => one.locked.as_ref().map(code_locked).unwrap_or_default(),
    };
    for one in diff.added.iter().filter(|one| one.because.is_none()) {
        let name = one.path.join("/");
        row(&name, &code(&name), "added", "", &presence(one));
    }
    for one in diff.removed.iter().filter(|one| one.because.is_none()) {
        let name = one.path.join("/");
        row(&name, &code(&name), "removed", &presence(one), "");
    }
    for one in &diff.renamed {
        let (before, after) = (one.before.join("/"), one.after.join("/"));
        row(&after, &code(&after), "renamed", &code(&before), &code(&after));
    }
    for one in diff.updated.iter().filter(|one| one.because.is_none()) {
        let name = one.path.join("/");
        let moved = one.before.reference != one.after.reference;
        let pin = if moved { code_locked } else { code_pinned };
        let after = match &one.link {
            Some(link) => format!("{} ([compare]({link}))", pin(&one.after)),
            None => pin(&one.after),
        };
        row(&name, &code(&name), "updated", &pin(&one.before), &after);
    }
    for one in diff.follows.iter().filter(|one| one.because.is_none()) {
        let name = one.path.join("/");
        row(&name, &code(&name), &refollowed(one, code), "", "");
    }
    let rest: Vec<&str> = below.keys().copied().collect();
    for name in rest {
        let lines = below.remove(name).unwrap_or_default().lines(code).join("<br>");
        rows.push(format!("| {} | {lines} | | |", code(name)));
    }
    text.push_str(&table(room(&text), &["input", "change", "before", "after"], &rows));
    if diff.more > 0 {
        text.push_str(&format!("\nand {} more\n", count(diff.more, "difference")));
    }
    text
}

fn code_pinned(target: &Target) -> String {
    let rev = target.rev.as_ref().or(target.nar_hash.as_ref());
    let rev = rev.map(|rev| code(&rev.chars().take(10).collect::<String>()));
    rev.into_iter().chain(target.last_modified.map(date)).collect::<Vec<_>>().join(" ")
}

fn code_locked(target: &Target) -> String {
    let reference = target.reference.as_deref().map(code).unwrap_or_default();
    format!("{reference} {}", code_pinned(target))
}
